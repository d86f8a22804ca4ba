"""Layer by layer: what passes, what fails, what is only recorded."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tinygate.judge import layers as module
from tinygate.judge.layers import (
    Layers,
    judge_bias,
    judge_lowest,
    judge_matching,
    layers_of,
    record_answers,
    record_costliest,
)
from tinygate.model.folder import Model, load_model
from tinygate.model.tables import Margin
from tinygate.verdict import Finding, Verdict

MARGIN = Margin(variant="ptq_int8", relative_to="float32", max_drop_points=2.0)
SOUND = Layers(
    matched=5, unmatched=("a", "b"), candidate_only=1, lowest_db=20.0, lowest_place="operator 1 CONV_2D", bias_lsb=0.2,
    bias_place="operator 2 MEAN", logit_db=25.0, answers="Few flip.", costliest="0 CONV_2D", costliest_db=28.04,
    together_db=24.96, names=("0 CONV_2D", "1 CONV_2D"), sqnr_db=(30.0, 20.0),
)  # fmt: skip


@pytest.fixture
def judged(toy: Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judge a comparison that found what it found, but for what is changed."""

    def judge(how: Any, **changed: Any) -> Finding:
        monkeypatch.setattr(module, "layers_of", lambda model, margin: replace(SOUND, **changed))
        finding: Finding = how(toy, MARGIN)
        return finding

    return judge


def test_as_many_layers_compared_as_left_over_are_enough(judged: Any) -> None:
    finding = judged(judge_matching, matched=3, candidate_only=3)
    assert (finding.verdict, finding.value, finding.limit) == (Verdict.PASS, 2, "fewer than matched")
    assert finding.reason == "Layers compared: 3. Not matched: a, b."
    assert (finding.variant, finding.place, finding.check) == ("ptq_int8", "host", "layers against float32")


def test_fewer_layers_compared_than_left_over_decide_nothing(judged: Any) -> None:
    assert judged(judge_matching, matched=2, candidate_only=3).verdict is Verdict.INCONCLUSIVE
    assert judged(judge_matching, unmatched=()).reason == "Layers compared: 5."


@pytest.mark.parametrize(("above", "verdict"), [(0.0, Verdict.PASS), (-0.1, Verdict.FAIL), (math.inf, Verdict.PASS)])
def test_no_layer_may_lie_below_the_limit(judged: Any, toy: Model, above: float, verdict: Verdict) -> None:
    limit = toy.config.thresholds.layer_sqnr_db
    finding = judged(judge_lowest, lowest_db=limit + above)
    assert (finding.verdict, finding.limit) == (verdict, f"≥ {limit:g}")
    assert finding.value == ("equal" if above == math.inf else round(limit + above, 1))
    assert (
        f"operator 1 CONV_2D, the lowest of 5 layers; the limit is thresholds.layer_sqnr_db in {toy.config_path}"
        in (finding.reason)
    )


def test_every_layer_is_kept_to_be_drawn(judged: Any) -> None:
    drawn = judged(judge_lowest, sqnr_db=(30.04, math.inf)).detail
    assert drawn == {"layers": {"names": ("0 CONV_2D", "1 CONV_2D"), "sqnr_db": [30.0, "equal"]}}


@pytest.mark.parametrize(("above", "verdict"), [(0.0, Verdict.PASS), (0.01, Verdict.FAIL)])
def test_no_layers_error_may_have_a_large_mean(judged: Any, toy: Model, above: float, verdict: Verdict) -> None:
    limit = toy.config.thresholds.layer_bias_lsb
    finding = judged(judge_bias, bias_lsb=limit + above)
    assert (finding.verdict, finding.limit, finding.value) == (verdict, f"≤ {limit:g}", round(limit + above, 3))
    assert "Mean error of operator 2 MEAN in steps of its scale" in finding.reason


def test_a_model_without_int8_layers_has_no_bias_to_speak_of(judged: Any) -> None:
    finding = judged(judge_bias, bias_lsb=0.0, bias_place="")
    assert (finding.verdict, finding.reason) == (Verdict.PASS, "")


def test_what_is_left_at_the_logits_is_recorded(judged: Any) -> None:
    finding = judged(record_answers)
    assert (finding.verdict, finding.value, finding.reason) == (None, 25.0, "Few flip.")
    assert judged(record_answers, logit_db=math.inf).value == "equal"


def test_the_layer_that_costs_most_is_recorded(judged: Any) -> None:
    finding = judged(record_costliest)
    assert (finding.verdict, finding.value) == (None, "0 CONV_2D")
    assert finding.reason == (
        "Quantized alone in float32, it leaves 28.0 dB at the logits; all layers together 25.0 dB."
    )


def test_against_an_integer_reference_no_layer_costs_most(judged: Any) -> None:
    assert judged(record_costliest, costliest="") is None


def test_the_gesture_models_layers_are_all_found() -> None:
    found = layers_of(load_model(Path("models/gesture")), MARGIN)
    assert found.matched >= 5
    assert found.candidate_only < found.matched
    assert found.costliest_db > found.together_db > 0
    assert found.bias_place.startswith("operator ")
    assert "Predictions that flip: " in found.answers


def test_a_comparison_with_an_integer_reference_has_no_costliest_layer() -> None:
    margin = MARGIN.model_copy(update={"variant": "qat_int8", "relative_to": "ptq_int8"})
    found = module._costliest(load_model(Path("models/gesture")), margin)
    assert found == ("", math.inf, math.inf)
