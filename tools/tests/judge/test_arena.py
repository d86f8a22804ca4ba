"""A board's arena against the computed one: equal passes, a structure that has grown is named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tinygate.arena import TARGETS, load_layout
from tinygate.judge.arena import arena_bytes_for, judge_layout, judge_prediction, predicted
from tinygate.model.folder import Variant, load_model
from tinygate.protocol import Arena, Layout
from tinygate.verdict import Verdict


@pytest.fixture(scope="module")
def variant() -> Variant:
    return load_model(Path("models/gesture")).variant("ptq_int8")


def run_of(variant: Variant, more_bytes: int = 0, grown: str = "", pointer_bits: int = 32) -> Any:
    """As much of a run as is judged: used bytes, and the layout of the chip with one structure 4 bytes larger."""
    computed = predicted(variant, "esp32")
    assert computed is not None
    structures = load_layout(TARGETS["esp32"].layout_name).structures
    sizes = tuple(size + 4 * (name == grown) for name, (size, _) in structures.items())
    layout = Layout(tuple(structures), sizes, tuple(alignment for _, alignment in structures.values()))
    hello = SimpleNamespace(target="esp32", tflm_version="1.4.1", kernels="esp-nn 1.2.4")
    arena = Arena(computed.used_bytes + more_bytes, 65536, pointer_bits)
    return SimpleNamespace(hello=hello, arena=arena, layout=layout)


def test_an_arena_as_computed_passes(variant: Variant) -> None:
    for finding in (
        judge_prediction(variant, "esp32", run_of(variant)),
        judge_layout(variant, "esp32", run_of(variant)),
    ):
        assert finding is not None
        assert finding.verdict is Verdict.PASS


def test_a_structure_that_has_grown_fails_and_is_named(variant: Variant) -> None:
    run = run_of(variant, 92, "TfLiteEvalTensor")
    for finding in (judge_prediction(variant, "esp32", run), judge_layout(variant, "esp32", run)):
        assert finding is not None
        assert finding.verdict is Verdict.FAIL
        assert "TfLiteEvalTensor has 16 bytes" in finding.reason


def test_another_arena_with_the_known_structures_is_another_interpreter(variant: Variant) -> None:
    finding = judge_prediction(variant, "esp32", run_of(variant, 16))
    assert finding is not None
    assert finding.verdict is Verdict.FAIL
    assert "another version of the interpreter" in finding.reason


def test_an_interpreter_of_64_bits_is_not_held_against_a_chip(variant: Variant) -> None:
    assert judge_prediction(variant, "esp32", run_of(variant, pointer_bits=64)) is None


def test_a_firmwares_arena_has_room_above_the_minimum(variant: Variant) -> None:
    computed, wanted = predicted(variant, "esp32"), arena_bytes_for(variant, "esp32")
    assert computed is not None
    assert wanted is not None
    assert computed.minimum_bytes < wanted < computed.minimum_bytes * 1.2
    assert wanted % 16 == 0
    assert arena_bytes_for(variant, "unheard_of") is None
