"""Is the calibration set real, complete, large enough, unseen by the test and prepared alike?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tinygate.data import representative
from tinygate.data.hashing import json_sha256
from tinygate.model.folder import Model
from tinygate.model.manifest import CalibrationSample
from tinygate.verdict import Finding, Verdict

Judge = Callable[[Finding], None]
Samples = Sequence[CalibrationSample]


def finding(model: Model, figure: str, value: float, limit: str, good: bool, reason: str) -> Finding:
    verdict = Verdict.PASS if good else Verdict.FAIL
    file = str(model.folder / "artifacts" / "manifest.json")
    return Finding(
        model.name, "all variants", "host", "representative_set", figure, value, limit, verdict, file, reason
    )


@pytest.fixture
def samples(model: Model, judge: Judge) -> Samples:
    """The calibration samples; a model that was brought ready made has no record of them, which is said."""
    calibration = model.manifest.calibration
    if calibration is None:
        reason = "Unknown: the artifacts were made elsewhere, and who made it did not record the calibration set."
        file = str(model.folder / "artifacts" / "manifest.json")
        judge(
            Finding(
                model.name,
                "all variants",
                "host",
                "representative_set",
                "calibration_samples",
                None,
                "",
                None,
                file,
                reason,
            )
        )
        pytest.skip(reason)
    return calibration.samples


def test_every_sample_is_a_recorded_training_window(model: Model, samples: Samples, judge: Judge) -> None:
    count = representative.unreal(samples, model.dataset.train)
    reason = "Samples that are no training window, or are there twice; calibrate on recorded data."
    judge(finding(model, "calibration_unreal_samples", count, "= 0", count == 0, reason))


def test_every_class_is_represented(model: Model, samples: Samples, judge: Judge) -> None:
    classes = len(model.dataset.class_names)
    if not classes:
        pytest.skip("there are no classes")
    share = representative.smallest_class_share(samples, classes)
    limit = representative.MIN_CLASS_SHARE
    reason = "The rarest class's share, as a part of an even share."
    judge(finding(model, "calibration_smallest_class_share", round(share, 3), f"≥ {limit}", share >= limit, reason))


def test_samples_are_enough(model: Model, samples: Samples, judge: Judge) -> None:
    count = len(samples)
    reason = f"Activation ranges from fewer are a matter of luck; {representative.RECOMMENDED_SAMPLES} are recommended."
    good = count >= representative.MIN_SAMPLES
    judge(finding(model, "calibration_samples", count, f"≥ {representative.MIN_SAMPLES}", good, reason))


@pytest.mark.parametrize("what", ["windows", "recordings", "subjects"])
def test_nothing_is_shared_with_the_test_set(model: Model, samples: Samples, what: str, judge: Judge) -> None:
    count = representative.leaked(samples, model.dataset.test)[what]
    reason = f"Samples whose {what} the test set knows: its accuracy would flatter."
    judge(finding(model, f"calibration_shared_{what}", count, "= 0", count == 0, reason))


def test_preprocessing_is_that_of_the_artifacts(model: Model) -> None:
    pinned = model.manifest.preprocessing
    assert json_sha256(pinned.constants) == pinned.sha256, "the manifest's constants do not match their own hash"
    assert model.dataset.preprocessing_sha256 == pinned.sha256, (
        "the recipe prepares inputs otherwise than the artifacts'"
    )


def test_samples_are_distributed_as_training_is(model: Model, samples: Samples, judge: Judge) -> None:
    shift = representative.largest_shift(samples, model.dataset)
    limit = representative.MAX_SHIFT
    reason = "Largest difference of an axis' mean or spread, in training standard deviations."
    judge(finding(model, "calibration_largest_shift_std", round(shift, 3), f"≤ {limit}", shift <= limit, reason))
