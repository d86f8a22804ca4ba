"""Is the calibration set representative by every rule of the lint, and were the variants calibrated on it?"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tinygate.calibration import LintReport
from tinygate.calibration.rules import RULES
from tinygate.judge.calibration import integer_variants, lint_model
from tinygate.model.folder import Model
from tinygate.verdict import Finding, Verdict

Judge = Callable[[Finding], None]


@cache
def report(model: Model) -> LintReport:
    return lint_model(model)


@pytest.fixture(autouse=True)
def _only_with_a_recorded_set(model: Model) -> None:
    if model.manifest.calibration is None:
        pytest.skip("the artifacts were made elsewhere, and nobody recorded the calibration set")


def test_no_rule_is_clearly_broken(model: Model, judge: Judge) -> None:
    found = report(model)
    said = " ".join(finding.sentence() for finding in found.broken)
    reason = f"{len(RULES) - len(found.codes)} of {len(RULES)} rules hold. {said}".strip()
    file = str(model.folder / "artifacts" / "manifest.json")
    verdict = Verdict.FAIL if found.errors else Verdict.PASS
    shared = (model.name, "all variants", "host", "calibration lint", "lint_data_errors")
    judge(Finding(*shared, len(found.errors), "= 0", verdict, file, reason))


def test_post_training_ranges_are_those_that_the_recorded_set_gives(model: Model) -> None:
    """The manifest lists the set; whether it is the one that the converter was given, only the ranges can say."""
    trained_after = {name for name in integer_variants(model) if name.startswith("ptq_")}
    foreign = [f for f in report(model).broken if f.code == "TG-D019" and f.place in trained_after]
    assert not foreign, foreign[0].sentence()
