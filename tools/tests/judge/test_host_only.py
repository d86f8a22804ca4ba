"""Whether model.toml and TensorFlow Lite Micro agree on what runs on a microcontroller."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tinygate.judge import host_only as module
from tinygate.judge.host_only import judge_host_only
from tinygate.model.folder import load_model
from tinygate.verdict import Finding, Verdict


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Judge a variant of the gesture model that is declared in a way, and that is refused or not."""

    def judge(name: str, declared: bool, refused: str) -> Finding:
        gesture = load_model(Path("models/gesture"))
        variants = gesture.config.variants
        told = {**variants, name: variants[name].model_copy(update={"host_only": declared})}
        gesture.__dict__["config"] = gesture.config.model_copy(update={"variants": told})
        monkeypatch.setattr(module, "_refusal", lambda variant: refused)
        return judge_host_only(gesture.variant(name))

    return judge


def test_what_runs_and_is_meant_to_passes(judged: Any) -> None:
    finding = judged("ptq_int8", declared=False, refused="")
    assert (finding.verdict, finding.value, finding.reason) == (Verdict.PASS, "none", "")


def test_what_is_refused_and_meant_for_a_chip_fails_with_the_refusal(judged: Any) -> None:
    finding = judged("ptq_int8", declared=False, refused="Hybrid models are not supported.")
    assert finding.verdict is Verdict.FAIL
    assert finding.reason == (
        "No microcontroller can run it: Hybrid models are not supported. Set variants.ptq_int8.host_only in "
        "models/gesture/model.toml to true, or convert it otherwise."
    )


def test_what_runs_and_is_kept_from_chips_fails(judged: Any) -> None:
    finding = judged("ptq_int8", declared=True, refused="")
    assert finding.verdict is Verdict.FAIL
    assert "is true, and TensorFlow Lite Micro runs the model" in finding.reason


def test_what_is_refused_for_another_reason_and_kept_from_chips_passes(judged: Any) -> None:
    assert judged("ptq_int8", declared=True, refused="It has no such operator.").verdict is Verdict.PASS


def test_a_hybrid_variant_is_recorded_with_its_operator(judged: Any) -> None:
    finding = judged("dynamic_range", declared=True, refused="whatever it says")
    assert (finding.verdict, finding.value) == (None, "CONV_2D")
    assert "int8 weights with a float input" in finding.note


def test_the_refusal_is_tensorflow_lite_micros_own() -> None:
    gesture = load_model(Path("models/gesture"))
    if not module.tflm_is_installed():
        pytest.skip("TensorFlow Lite Micro has no wheel for this machine")
    assert module._refusal(gesture.variant("ptq_int8")) == ""
    assert "ybrid" in module._refusal(gesture.variant("dynamic_range"))
