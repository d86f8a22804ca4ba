"""A margin: the whole interval of the loss below it passes, above it fails, and else more windows are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygate.data import Judged
from tinygate.figures import METRICS
from tinygate.judge import margin as module
from tinygate.judge.margin import judge_margin
from tinygate.model.folder import Model, Variant, load_model
from tinygate.model.scoring import Scorer
from tinygate.model.tables import Margin
from tinygate.verdict import Finding, Verdict

CLASSES = 7
TWO_POINTS = Margin(variant="ptq_int8", relative_to="float32", max_drop_points=2.0)
JudgeLost = Callable[..., Finding]


@pytest.fixture(scope="module")
def gesture() -> Model:
    return load_model(Path("models/gesture"))


def answers(gesture: Model, wrong: slice | list[int]) -> Judged:
    """The test set answered rightly but for some windows, which get the next class."""
    test = gesture.dataset.test
    classes = np.array(test.labels)
    classes[wrong] = (classes[wrong] + 1) % CLASSES
    return Judged(test, (np.eye(CLASSES, dtype=np.float32)[classes],), np.arange(len(test)))


@pytest.fixture
def judge(gesture: Model, monkeypatch: pytest.MonkeyPatch) -> JudgeLost:
    """Judge a variant that answers some windows wrongly against a reference that does so with others."""

    def lost(candidate: Any, reference: Any = (), margin: Margin = TWO_POINTS) -> Finding:
        wrong = {"ptq_int8": list(candidate), "float32": list(reference)}

        def run(variant: Variant) -> Any:
            found = answers(gesture, wrong[variant.name])
            return SimpleNamespace(judged=found, predictions=found.classes)

        monkeypatch.setattr(module, "run_oracle", run)
        return judge_margin(gesture, margin)

    return lost


def test_a_variant_that_loses_nothing_passes(judge: JudgeLost) -> None:
    finding = judge(candidate=[])
    assert (finding.verdict, finding.value, finding.limit) == (Verdict.PASS, 0.0, "< 2")
    assert (finding.place, finding.check, finding.variant) == ("host", "margin", "ptq_int8")
    assert finding.figure == "accuracy drop to float32, points"
    assert "0 lost, 0 gained, 0 predictions differ, McNemar p = 1;" in finding.reason


def test_a_variant_that_loses_every_tenth_window_fails(judge: JudgeLost) -> None:
    finding = judge(candidate=range(0, 1526, 10))
    assert finding.verdict is Verdict.FAIL
    assert finding.value == pytest.approx(100 * 153 / 1526, rel=1e-5)
    assert "over 1526 windows; 153 lost, 0 gained, 153 predictions differ" in finding.reason
    assert "would decide" not in finding.reason


def test_a_variant_that_gains_passes_with_a_negative_loss(judge: JudgeLost) -> None:
    finding = judge(candidate=[], reference=range(0, 1526, 10))
    assert finding.verdict is Verdict.PASS
    assert finding.value == pytest.approx(-100 * 153 / 1526, rel=1e-5)
    assert "0 lost, 153 gained" in finding.reason


def test_a_loss_beside_the_margin_is_undecided_and_says_how_many_windows_would_do(judge: JudgeLost) -> None:
    finding = judge(candidate=range(0, 1526, 55))
    assert finding.verdict is Verdict.INCONCLUSIVE
    assert finding.value == pytest.approx(100 * 28 / 1526, rel=1e-5)
    assert "windows would decide." in finding.reason


def test_the_margin_and_where_it_stands_are_named(judge: JudgeLost, gesture: Model) -> None:
    finding = judge(candidate=[], margin=TWO_POINTS.model_copy(update={"max_drop_points": 0.5}))
    assert finding.limit == "< 0.5"
    assert f"margin in {gesture.config_path}" in finding.reason
    assert finding.file.endswith("ptq_int8.tflite")


@pytest.fixture
def by_macro_f1(gesture: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "scorer", lambda model, dataset: Scorer(gesture, METRICS["macro_f1_percent"]))


@pytest.mark.usefixtures("by_macro_f1")
@pytest.mark.parametrize(
    ("wrong", "verdict"), [([], Verdict.PASS), (range(0, 1526, 5), Verdict.FAIL), (range(0, 1526, 50), None)]
)
def test_another_metric_is_judged_by_resampled_recordings(
    judge: JudgeLost, wrong: Any, verdict: Verdict | None
) -> None:
    finding = judge(candidate=wrong)
    assert finding.verdict is (verdict or Verdict.INCONCLUSIVE)
    assert finding.figure == "macro_f1_percent drop to float32, points"
    assert "windows of 42 recordings; " in finding.reason
    assert f"{len(list(wrong))} lost" in finding.reason
    assert ("decide." in finding.reason) is (verdict is None)


def test_a_metric_that_cannot_be_known_decides_nothing(
    judge: JudgeLost, gesture: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = Scorer(gesture, METRICS["accuracy_percent"], "No labels.")
    monkeypatch.setattr(module, "scorer", lambda model, dataset: unknown)
    finding = judge(candidate=[])
    assert (finding.verdict, finding.value, finding.reason) == (Verdict.INCONCLUSIVE, None, "No labels.")


def test_a_loss_in_another_unit_than_percent_is_named_by_its_metric(
    judge: JudgeLost, gesture: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Scorer(gesture, replace(METRICS["mae"], name="mae"), "Not known.")
    monkeypatch.setattr(module, "scorer", lambda model, dataset: known)
    assert judge(candidate=[]).figure == "mae lost to float32"
