"""Is the calibration set representative by every rule of the lint, and were the variants calibrated on it?"""

from __future__ import annotations

from tinygate.audit.rules import Rule
from tinygate.data.hashing import json_sha256
from tinygate.judge.calibration import (
    CONVERTED_FROM_ANOTHER_SET,
    integer_variants,
    judge_calibration_rule,
    recorded_report,
)
from tinygate.judge.described import judge_described, undescribed
from tinygate.judge.facts import fact
from tinygate.model.folder import Model
from tinygate.places import HOST
from tinygate.plugin.core import Judge, SaysNotJudged

_UNKNOWN = "the artifacts were made elsewhere, and nobody recorded the calibration set"


def test_the_calibration_set_keeps_the_rule(
    model: Model, calibration_rule: Rule, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """docs/representative-data.md says what each rule demands and why."""
    if model.manifest.calibration is None:
        not_judged(_UNKNOWN)
    judge(judge_calibration_rule(model, recorded_report(model), calibration_rule))


def test_the_recorded_set_is_the_one_that_calibrated(model: Model, judge: Judge, not_judged: SaysNotJudged) -> None:
    """The manifest lists the set; whether it is the one that the converter was given, only the ranges can say."""
    if model.manifest.calibration is None:
        not_judged(_UNKNOWN)
    trained_after = {name for name in integer_variants(model) if name.startswith("ptq_")}
    foreign = [
        f for f in recorded_report(model).broken if f.code == CONVERTED_FROM_ANOTHER_SET and f.place in trained_after
    ]
    reason = foreign[0].sentence() if foreign else ""
    judge(fact(model, HOST, "calibration", "variants_of_another_set", len(foreign), "= 0", not foreign, reason))


def test_the_preprocessing_is_that_of_the_artifacts(model: Model, judge: Judge) -> None:
    """Constants from raw samples to inputs: what the recipe says now, and what the artifacts were made with."""
    pinned = model.manifest.preprocessing
    if json_sha256(pinned.constants) != pinned.sha256:
        reason = "The manifest's constants do not match their own hash: it was edited; restore it."
    elif model.dataset.preprocessing_sha256 != pinned.sha256:
        reason = (
            "The recipe prepares inputs otherwise than the artifacts'; restore the recipe, or make the models anew."
        )
    else:
        reason = ""
    found = model.dataset.preprocessing_sha256[:12]
    judge(fact(model, HOST, "calibration", "preprocessing", found, pinned.sha256[:12], not reason, reason))


def test_the_described_steps_make_the_judged_inputs(model: Model, judge: Judge, not_judged: SaysNotJudged) -> None:
    """From the raw windows of the test set, as a device would carry them out."""
    reason = undescribed(model.dataset)
    if reason:
        not_judged(reason)
    judge(judge_described(model))
