"""Is the calibration set representative by every rule of the lint, and were the variants calibrated on it?"""

from __future__ import annotations

from functools import cache

import pytest

from tinygate.data.lint import LintReport
from tinygate.data.lint.rules import RULES
from tinygate.gate.calibration import integer_variants, lint_model
from tinygate.model.folder import Model


@cache
def report(model: Model) -> LintReport:
    return lint_model(model)


@pytest.fixture(autouse=True)
def _only_with_a_recorded_set(model: Model) -> None:
    if model.manifest.calibration is None:
        pytest.skip("the artifacts were made elsewhere, and nobody recorded the calibration set")


@pytest.mark.parametrize("code", RULES)
def test_no_rule_is_clearly_broken(model: Model, code: str) -> None:
    broken = [finding.sentence() for finding in report(model).errors if finding.code == code]
    assert not broken, broken[0]


def test_post_training_ranges_are_those_that_the_recorded_set_gives(model: Model) -> None:
    """The manifest lists the set; whether it is the one that the converter was given, only the ranges can say."""
    trained_after = {name for name in integer_variants(model) if name.startswith("ptq_")}
    foreign = [f for f in report(model).broken if f.code == "TG-D019" and f.place in trained_after]
    assert not foreign, foreign[0].sentence()
