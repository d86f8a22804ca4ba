"""Calibration sets broken on purpose are named by the rule they break; the real one is clean."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.audit.finding import Severity
from tinygate.calibration.finding import LintReport
from tinygate.calibration.lint import lint
from tinygate.calibration.preparation import standard_errors
from tinygate.calibration.realness import signals
from tinygate.calibration.representative_set import from_archive, from_samples, of_arrays
from tinygate.data import Dataset, Split
from tinygate.errors import DataError
from tinygate.model.folder import load_model

GESTURE = load_model(Path("models/gesture"))
Array = np.ndarray[Any, Any]


@cache
def data() -> Dataset:
    return GESTURE.dataset


def rows(split: Split, chosen: Array) -> Split:
    columns = {name: getattr(split, name)[chosen] for name in ("inputs", "labels", "subjects", "recordings", "starts")}
    return Split(**columns, raw_sha256=tuple(split.raw_sha256[row] for row in chosen))


def good() -> Split:
    """200 windows, evenly spaced through the training set by class."""
    train = data().train
    order = np.lexsort((train.starts, train.recordings, train.labels))
    return rows(train, order[:: len(order) // 200][:200])


def checked(representative: Any) -> LintReport:
    return lint(representative, data())


def overlapping_test_windows() -> Array:
    """Windows of test recordings that start half a window later than the test's."""
    test = data().test
    joined = np.concatenate([test.inputs[:-1, 25:], test.inputs[1:, :25]], axis=1)
    return joined[(test.recordings[:-1] == test.recordings[1:])][:200]


def noise(kind: str) -> Array:
    generator, inputs = np.random.default_rng(0), data().train.inputs
    shape = (200, *inputs.shape[1:])
    if kind == "uniform":
        return generator.random(shape)
    if kind == "normal":
        return generator.normal(size=shape)
    return generator.normal(inputs.mean(axis=(0, 1, 2)), inputs.std(axis=(0, 1, 2)), shape)


def test_the_set_of_the_gesture_model_breaks_no_rule_badly() -> None:
    samples = GESTURE.manifest.calibration
    assert samples is not None
    models = {name: GESTURE.variant(name).content for name in ("ptq_int8", "qat_int8")}
    given = from_samples(samples.samples, data())
    report = lint(given, data(), models, float_tflite=GESTURE.variant("float32").content)
    assert report.errors == ()
    assert report.codes <= {"TG-D002", "TG-D003", "TG-D004", "TG-D019"}


def test_windows_of_the_training_set_break_none() -> None:
    assert checked(good()).broken == ()


def test_arrays_alone_are_recognized_by_their_values() -> None:
    assert checked(good().inputs).broken == ()


@pytest.mark.parametrize("kind", ["uniform", "normal", "with the right mean and spread"])
def test_noise_is_not_real(kind: str) -> None:
    report = checked(noise(kind))
    assert {"TG-D012", "TG-D013"} <= {finding.code for finding in report.errors}
    assert "TG-D015" in report.codes
    assert ("TG-D016" in report.codes) == (kind == "uniform")
    assert ("TG-D014" in {finding.code for finding in report.errors}) == (kind == "uniform")


def test_one_class_is_missing_the_others() -> None:
    train = data().train
    report = checked(rows(train, np.flatnonzero(train.labels == 2)[:200]))
    (finding,) = [f for f in report.errors if f.code == "TG-D005"]
    assert "6 of 7 classes are absent" in finding.values


def test_one_class_is_found_out_from_values_alone() -> None:
    train = data().train
    assert "TG-D005" in checked(train.inputs[train.labels == 2][:200]).codes


def test_a_class_too_rare_is_a_warning() -> None:
    train = data().train
    rare = np.concatenate([np.flatnonzero(train.labels == label)[: 5 if label == 3 else 40] for label in range(7)])
    findings = {f.code: f.severity for f in checked(rows(train, rare)).broken}
    assert findings["TG-D005"] is Severity.WARNING


@pytest.mark.parametrize(("count", "severity"), [(20, Severity.ERROR), (150, Severity.WARNING), (200, None)])
def test_too_few_samples(count: int, severity: Severity | None) -> None:
    report = checked(rows(good(), np.linspace(0, 199, count).astype(int)))
    assert [f.severity for f in report.findings if f.code == "TG-D001"] == [severity]


def test_one_test_window_among_two_hundred_is_found() -> None:
    inputs = good().inputs.copy()
    inputs[17] = data().test.inputs[400]
    report = checked(inputs)
    assert {"TG-D006", "TG-D007", "TG-D008", "TG-D009", "TG-D010"} <= {f.code for f in report.errors}


def test_a_test_window_in_other_units_is_found() -> None:
    inputs = good().inputs.copy()
    inputs[17] = data().test.inputs[400] * 2.5 - 1
    assert "TG-D007" in checked(inputs).codes


def test_overlapping_test_windows_are_found_by_their_values() -> None:
    assert {"TG-D008"} <= {f.code for f in checked(overlapping_test_windows()).errors}


def test_overlapping_test_windows_are_found_by_their_place() -> None:
    test = data().test
    moved = rows(test, np.arange(200)).replace(starts=test.starts[:200] + 10, inputs=good().inputs, raw_sha256=())
    assert "TG-D008" in checked(moved).codes


@pytest.mark.parametrize(("column", "code"), [("recordings", "TG-D009"), ("subjects", "TG-D010")])
def test_a_shared_recording_or_subject_is_found(column: str, code: str) -> None:
    values = getattr(good(), column).copy()
    values[3] = getattr(data().test, column)[0]
    found = {f.code for f in checked(good().replace(**{column: values})).errors}
    assert found - {"TG-D008"} == {code}  # at a start that the test set has too, it overlaps as well


@pytest.mark.parametrize(
    "prepare",
    [
        lambda x: x * 1.12,
        lambda x: x + 0.3,
        lambda x: x / 4,
        lambda x: (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 1e-6),
        lambda x: x * np.where(np.arange(6) == 4, -1, 1),
        lambda x: x * 9.81,
    ],
    ids=["gain", "offset", "to one", "per window", "sign of one axis", "units"],
)
def test_another_normalisation_is_named(prepare: Any) -> None:
    report = checked(good().replace(inputs=prepare(good().inputs).astype(np.float32)))
    assert report.codes & {"TG-D016", "TG-D017"}
    assert report.worst is Severity.ERROR
    assert "TG-D015" not in report.codes  # their raw hashes are known


def test_gain_and_offset_of_another_normalisation_are_measured() -> None:
    inputs = good().inputs.copy()
    inputs[..., 2] = 1.5 * inputs[..., 2] + 0.25
    (finding,) = [f for f in checked(inputs).errors if f.code == "TG-D017"]
    assert "channel 2 is 1.5 times training, plus 0.25" in finding.values


def test_swapped_axes_are_named() -> None:
    swapped = good().replace(inputs=good().inputs[..., [1, 0, 2, 3, 4, 5]])
    assert "TG-D017" in {f.code for f in checked(swapped).errors}


def test_a_negated_axis_is_named_by_values_alone() -> None:
    inputs = good().inputs * np.where(np.arange(6) == 4, -1, 1)
    (finding,) = [f for f in checked(inputs).errors if f.code == "TG-D017"]
    assert "channel 4 is -1 times training" in finding.values


def test_duplicated_windows_are_counted() -> None:
    chosen = np.concatenate([np.arange(0, 200, 2), np.arange(0, 200, 2)])
    (finding,) = [f for f in checked(rows(good(), chosen)).errors if f.code == "TG-D011"]
    assert "100 of 200 samples are copies" in finding.values


def test_one_value_that_is_no_number_is_an_error_and_the_rest_is_still_checked() -> None:
    inputs = good().inputs.copy()
    inputs[0, 0, 0, 0] = np.nan
    report = checked(inputs)
    assert {f.code for f in report.errors} == {"TG-D020"}
    assert any(f.code == "TG-D012" for f in report.findings)


def test_nothing_but_nan_is_an_error_and_no_crash() -> None:
    assert "TG-D020" in checked(np.full((3, 50, 1, 6), np.nan)).codes


def test_another_sampling_rate_changes_the_spectrum() -> None:
    stretched = np.repeat(good().inputs[:, ::4], 4, axis=1)[:, :50]
    assert checked(np.roll(stretched, 1, axis=2)).codes & {"TG-D012", "TG-D013", "TG-D015"}


@pytest.mark.parametrize("shape", [(0, 50, 1, 6), (200, 49, 1, 6), (200,)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="calibration samples of shape"):
        checked(np.zeros(shape, np.float32))


def test_a_set_may_come_from_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", inputs=good().inputs, labels=good().labels)
    given = from_archive(tmp_path / "set.npz")
    np.testing.assert_array_equal(given.labels, good().labels)
    assert checked(given).broken == ()


def test_labels_must_be_as_many_as_inputs() -> None:
    with pytest.raises(DataError, match="labels of shape"):
        of_arrays(np.zeros((3, 50, 1, 6)), labels=np.zeros(2, np.int64))


def test_equal_padding_is_no_overlap() -> None:
    """Windows that end in the same zeros were not cut from one another."""
    padded, test = good().inputs.copy(), data().test.inputs.copy()
    padded[:, 30:] = 0
    test[:, 30:] = 0
    report = lint(padded, data().replace(test=data().test.replace(inputs=test)))
    assert "TG-D008" not in report.codes


def test_what_a_random_choice_does_to_mean_and_spread_is_foreseen() -> None:
    values = signals(data().train.inputs).astype(np.float64)
    foreseen, generator, spread = standard_errors(values, 100), np.random.default_rng(6), values.std(axis=(0, 1))
    drawn = [values[generator.choice(len(values), 100)] for _ in range(300)]
    means = np.std([(part.mean(axis=(0, 1)) - values.mean(axis=(0, 1))) / spread for part in drawn], axis=0)
    gains = np.std([part.std(axis=(0, 1)) / spread - 1 for part in drawn], axis=0)
    np.testing.assert_allclose(foreseen[0], means, rtol=0.2)
    np.testing.assert_allclose(foreseen[1], gains, rtol=0.3)
