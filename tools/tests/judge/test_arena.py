"""A board's arena against the computed one: equal passes, a structure that has grown is named."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tinygate.arena import TARGETS, load_layout
from tinygate.judge.arena import (
    arena_bytes_for,
    arena_differs,
    judge_layout,
    judge_least_arena,
    judge_prediction,
    predicted,
)
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Variant, load_model
from tinygate.protocol import Arena, Layout
from tinygate.verdict import Verdict


@pytest.fixture(scope="module")
def int8() -> Variant:
    return load_model(Path("models/gesture")).variant("ptq_int8")


def run_of(int8: Variant, more_bytes: int = 0, grown: str = "", pointer_bits: int = 32) -> Any:
    """As much of a run as is judged: used bytes, and the layout of the chip with one structure 4 bytes larger."""
    computed = predicted(int8, "esp32")
    assert computed is not None
    structures = load_layout(TARGETS["esp32"].layout_name).structures
    sizes = tuple(size + 4 * (name == grown) for name, (size, _) in structures.items())
    layout = Layout(tuple(structures), sizes, tuple(alignment for _, alignment in structures.values()))
    hello = SimpleNamespace(target="esp32", tflm_version="1.4.1", kernels="esp-nn 1.2.4")
    arena = Arena(computed.used_bytes + more_bytes, 65536, pointer_bits)
    return SimpleNamespace(hello=hello, arena=arena, layout=layout)


def test_an_arena_as_computed_passes(int8: Variant) -> None:
    for finding in (
        judge_prediction(int8, "esp32", run_of(int8)),
        judge_layout(int8, "esp32", run_of(int8)),
    ):
        assert finding is not None
        assert finding.verdict is Verdict.PASS


def test_a_structure_that_has_grown_fails_and_is_named(int8: Variant) -> None:
    run = run_of(int8, 92, "TfLiteEvalTensor")
    for finding in (judge_prediction(int8, "esp32", run), judge_layout(int8, "esp32", run)):
        assert finding is not None
        assert finding.verdict is Verdict.FAIL
        assert "TfLiteEvalTensor has 16 bytes" in finding.reason


def test_another_arena_with_the_known_structures_is_another_interpreter(int8: Variant) -> None:
    finding = judge_prediction(int8, "esp32", run_of(int8, 16))
    assert finding is not None
    assert finding.verdict is Verdict.FAIL
    assert "another version of the interpreter" in finding.reason


def test_an_interpreter_of_64_bits_is_not_held_against_a_chip(int8: Variant) -> None:
    assert judge_prediction(int8, "esp32", run_of(int8, pointer_bits=64)) is None


def test_a_firmwares_arena_has_room_above_the_minimum(int8: Variant) -> None:
    computed, wanted = predicted(int8, "esp32"), arena_bytes_for(int8, "esp32")
    assert computed is not None
    assert wanted is not None
    assert computed.minimum_bytes < wanted < computed.minimum_bytes * 1.2
    assert wanted % 16 == 0
    assert arena_bytes_for(int8, "unheard_of") is None


def test_a_device_cannot_use_less_than_the_activations_take(int8: Variant) -> None:
    least = run_oracle(int8).reference.arena_head_bytes
    assert least is not None
    enough, too_little = (judge_least_arena(int8, "esp32", used) for used in (least, least - 1))
    assert (enough.verdict, enough.limit, enough.reason) == (Verdict.PASS, f"≥ {least}", "")
    assert (too_little.verdict, too_little.value) == (Verdict.FAIL, least - 1)
    assert "smaller arena than the model's activations take" in too_little.reason


def test_another_smallest_arena_than_computed_fails(int8: Variant) -> None:
    finding = arena_differs(int8, "esp32", 4_080, 4_064)
    assert (finding.verdict, finding.value, finding.limit) == (Verdict.FAIL, 4_080, "= 4064")
    assert finding.figure == "minimum_as_predicted"
