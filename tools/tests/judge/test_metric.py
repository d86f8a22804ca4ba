"""A variant's metric, on the host and on a board: held against its budget, the reference and the manifest."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tinygate.figures import METRICS
from tinygate.judge import metric as module
from tinygate.judge.metric import judge_agreement, judge_metric, judge_pinned_metric
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Model, Variant, load_model
from tinygate.model.scoring import Scorer
from tinygate.verdict import Verdict

PINNED_PERCENT = 86.83  # of ptq_int8, as its manifest says


@pytest.fixture(scope="module")
def gesture() -> Model:
    return load_model(Path("models/gesture"))


@pytest.fixture(scope="module")
def int8(gesture: Model) -> Variant:
    return gesture.variant("ptq_int8")


def codes(int8: Variant) -> NDArray[Any]:
    """What a sound board answers: the oracle's own codes."""
    return np.array(run_oracle(int8).reference.outputs)


@pytest.fixture
def without_labels(gesture: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    unknown = Scorer(gesture, METRICS["accuracy_percent"], "No labels.")
    monkeypatch.setattr(module, "scorer", lambda model, dataset: unknown)


def test_the_hosts_metric_is_held_against_the_hosts_budget(int8: Variant) -> None:
    finding = judge_metric(int8)
    assert (finding.place, finding.figure, finding.verdict) == ("host", "accuracy_percent", Verdict.PASS)
    assert finding.value == pytest.approx(PINNED_PERCENT, abs=0.005)
    assert finding.note.startswith("Oracle: ")
    assert finding.note.endswith(", 1526 windows.")


def test_a_boards_metric_is_that_of_its_own_answers(int8: Variant) -> None:
    everything_first = np.full_like(codes(int8), -128)
    everything_first[:, 0] = 127
    finding = judge_metric(int8, "esp32-virtual", [everything_first])
    share = 100 * np.mean(int8.model.dataset.test.labels == 0)
    assert finding.verdict is Verdict.FAIL
    assert finding.value == pytest.approx(share)
    assert finding.note == "1526 windows, on the board."


@pytest.mark.usefixtures("without_labels")
def test_without_labels_the_host_says_so_and_the_board_does_not_repeat_it(int8: Variant) -> None:
    assert (judge_metric(int8).value, judge_metric(int8).note) == (None, "No labels.")
    assert judge_metric(int8, "esp32-virtual", [codes(int8)]).note == ""


def test_the_reference_is_not_compared_with_itself(gesture: Model) -> None:
    assert judge_agreement(gesture.variant(gesture.config.reference_variant)) is None


def test_agreement_counts_windows_of_the_same_class_as_the_reference(gesture: Model, int8: Variant) -> None:
    theirs = run_oracle(gesture.variant("float32")).predictions
    finding = judge_agreement(int8)
    assert finding is not None
    assert finding.figure == "agreement_percent"
    assert finding.value == pytest.approx(100 * np.mean(run_oracle(int8).predictions == theirs), rel=1e-8)
    assert finding.note == "Per cent of windows of the same class as float32."


def test_a_boards_agreement_is_that_of_its_own_answers(int8: Variant) -> None:
    swapped = np.roll(codes(int8), 1, axis=1)
    finding = judge_agreement(int8, "esp32-virtual", [swapped])
    assert finding is not None
    assert isinstance(finding.value, float)
    assert finding.value < 20


def test_what_the_manifest_recorded_is_measured_again(int8: Variant) -> None:
    finding = judge_pinned_metric(int8)
    assert (finding.verdict, finding.reason, finding.place) == (Verdict.PASS, "As pinned.", "host")
    assert finding.figure == "pinned accuracy_percent"
    assert finding.limit.startswith("= accuracy_percent 86.8")


@pytest.mark.parametrize("change", [{"value": 86.84}, {"value": None}, {"metric": "auc_percent"}])
def test_another_metric_than_pinned_fails_and_names_the_manifest(change: dict[str, Any]) -> None:
    altered = load_model(Path("models/gesture"))
    variants = altered.manifest.variants
    pinned = {**variants, "ptq_int8": variants["ptq_int8"].model_copy(update=change)}
    altered.__dict__["manifest"] = altered.manifest.model_copy(update={"variants": pinned})
    finding = judge_pinned_metric(altered.variant("ptq_int8"))
    assert finding.verdict is Verdict.FAIL
    assert "pin anew (models/gesture/artifacts/manifest.json)" in finding.reason


@pytest.mark.usefixtures("without_labels")
def test_a_metric_that_was_pinned_and_cannot_be_known_any_more_fails(int8: Variant) -> None:
    finding = judge_pinned_metric(int8)
    assert (finding.verdict, finding.value) == (Verdict.FAIL, None)


def test_a_difference_in_the_last_digits_is_none() -> None:
    assert module._alike(86.8283093, 86.82830930004)
    assert not module._alike(86.8283093, 86.8283095)
    assert not module._alike(None, 0.0)


def test_findings_of_the_metric_are_of_the_variant_that_was_judged(int8: Variant) -> None:
    finding = dataclasses.asdict(judge_metric(int8))
    assert (finding["model"], finding["variant"], finding["check"]) == ("gesture", "ptq_int8", "budget")
