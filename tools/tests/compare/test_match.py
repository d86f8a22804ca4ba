"""Layers are found again whatever the converter fused, renamed or ordered otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.tests.compare.graph import branches, fused, read_twice, unfused

from tinygate.compare.layers import layers_of, logits_of
from tinygate.compare.match import match_layers
from tinygate.errors import ModelFileError
from tinygate.tflite import read_model

ARTIFACTS = Path("models/gesture/artifacts")


def test_a_layer_holds_the_constant_arithmetic_and_the_activation_behind_it() -> None:
    (layer,) = layers_of(unfused())
    assert [operator.name for operator in layer.folded] == ["MUL", "ADD", "RELU"]
    assert layer.result.name == "out"


def test_what_others_read_too_is_a_layer_of_its_own() -> None:
    assert [layer.result.name for layer in layers_of(read_twice())] == ["y", "square", "positive", "out"]


def test_a_fused_and_an_unfused_graph_have_the_same_layer() -> None:
    match = match_layers(unfused(), fused())
    assert [(a.result.name, b.result.name) for a, b in match.pairs] == [("out", "result")]
    assert match.reference_only == match.candidate_only == ()


def test_branches_in_another_order_are_told_apart_by_their_weights() -> None:
    pairs = match_layers(branches((0, 1)), branches((1, 0), quantized=True)).pairs
    assert {(a.result.name, b.result.name) for a, b in pairs} == {("y0", "y0"), ("y1", "y1"), ("sum", "sum")}


def test_what_has_no_counterpart_is_said() -> None:
    match = match_layers(branches((0, 1)), fused())
    assert [layer.result.name for layer in match.reference_only] == ["y1", "sum"]


def test_graphs_with_nothing_in_common_are_refused() -> None:
    gesture = read_model((ARTIFACTS / "float32.tflite").read_bytes())
    with pytest.raises(ModelFileError, match="no layer of the reference"):
        match_layers(gesture, unfused())


@pytest.mark.parametrize("name", ["ptq_int8", "qat_int8"])
def test_every_layer_of_the_gesture_model_is_matched_in_order(name: str) -> None:
    float32, other = (read_model((ARTIFACTS / f"{n}.tflite").read_bytes()) for n in ("float32", name))
    match = match_layers(float32, other)
    assert [a.operator.index for a, _ in match.pairs] == list(range(len(float32.main.operators)))
    assert match.reference_only == match.candidate_only == ()


def test_the_logits_are_what_the_softmax_reads() -> None:
    model = read_model((ARTIFACTS / "ptq_int8.tflite").read_bytes())
    assert logits_of(model).index == model.main.operators[-1].inputs[0]
    assert logits_of(fused()).name == "out"
