"""Operators that move values: what they need, and which shapes and types they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from moving_model import NAMES, moving_model
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.audit import audit
from tinygate.tflite import read_model
from tinygate.tflite.edit import rewrite
from tinygate.tflite.options import Conv2DOptions

SOUND = moving_model()
MODEL = read_model(SOUND).main
TENSORS = {tensor.name: tensor for tensor in MODEL.tensors}
COMPUTED = {index: operator.index for operator in MODEL.operators for index in operator.outputs}


def found(change: Any) -> set[tuple[str, int]]:
    data = rewrite(SOUND, lambda model: change(model.subgraphs[0]))
    errors = {(f.code, f.operator) for f in audit(data).findings if f.severity == "error"}
    assert "TG-Q049" not in {code for code, _ in errors}
    return errors


def given(operator: int, inputs: list[int]) -> Any:
    """A change that gives an operator other inputs."""
    return lambda graph: setattr(graph.operators[operator], "inputs", inputs)


def test_the_sound_model_has_no_error() -> None:
    assert found(lambda graph: None) == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "x"])
def test_an_output_of_another_shape_is_found_at_its_operator(name: str) -> None:
    tensor = TENSORS[name]

    def change(graph: Any) -> None:
        graph.tensors[tensor.index].shape = [*tensor.shape[:-1], tensor.shape[-1] + 1]

    assert ("TG-Q029", COMPUTED[tensor.index]) in found(change)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("x", "real")])
def test_an_output_of_another_type_is_found_at_its_operator(name: str) -> None:
    tensor = TENSORS[name]
    assert ("TG-Q030", COMPUTED[tensor.index]) in found(lambda graph: setattr(graph.tensors[tensor.index], "type", 11))


@pytest.mark.parametrize("operator", MODEL.operators, ids=lambda operator: operator.name)
@pytest.mark.parametrize("count", range(4))
def test_inputs_that_are_missing_are_found(operator: Any, count: int) -> None:
    least = 1 if operator.name in ("CONCATENATION", "PACK") else len(operator.inputs)
    if count < least:
        inputs = list(operator.inputs[:count])
        assert ("TG-Q039", operator.index) in found(given(operator.index, inputs))


@pytest.mark.parametrize(
    ("operator", "place"),
    [(operator, place) for operator in MODEL.operators for place in range(len(operator.inputs))],
    ids=lambda value: getattr(value, "name", value),
)
def test_an_input_that_is_left_out_is_found(operator: Any, place: int) -> None:
    inputs = [-1 if p == place else index for p, index in enumerate(operator.inputs)]
    assert ("TG-Q039", operator.index) in found(given(operator.index, inputs))


@pytest.mark.parametrize("operator", ["SPLIT", "CONCATENATION", "STRIDED_SLICE", "PACK"])
@pytest.mark.parametrize("kind", [0, 11])
def test_options_that_are_missing_or_of_another_type_are_found(operator: str, kind: int) -> None:
    index = next(op.index for op in MODEL.operators if op.name == operator)

    def change(graph: Any) -> None:
        graph.operators[index].builtinOptionsType = kind
        graph.operators[index].builtinOptions = None if kind == 0 else graph.operators[index].builtinOptions

    assert ("TG-Q040", index) in found(change)


def test_a_split_into_another_number_of_parts_is_found() -> None:
    assert ("TG-Q040", 0) in found(lambda graph: setattr(graph.operators[0].builtinOptions, "numSplits", 3))


def placeholder_model(*, constant: bool) -> bytes:
    """A convolution behind padding by amounts that are known now or at run time; its input has size 0 until then."""
    build, amounts = ModelBuilder(), np.zeros((4, 2), np.int32)
    signature = {} if constant else {"shape_signature": (1, -1, -1, 3)}
    x = build.tensor("x", (1, 1, 1, 3), "float32")
    pad = build.constant("amounts", amounts) if constant else build.tensor("amounts", (4, 2), "int32")
    y = build.tensor("y", (1, 0, 0, 3), "float32")
    z = build.tensor("z", (1, 1, 1, 2), "float32")
    w = build.constant("w", np.zeros((2, 3, 3, 3), np.float32))
    build.tensors[y] = type(build.tensors[y])(**{**vars(build.tensors[y]), **signature})
    build.operator("PAD", [x, pad], [y])
    build.operator("CONV_2D", [y, w], [z], Conv2DOptions("VALID", 1, 1))
    return write_model(build.model([x] if constant else [x, pad], [z]))


@pytest.mark.parametrize("constant", [True, False])
def test_a_dimension_of_0_is_wrong_unless_run_time_sets_it(constant: bool) -> None:
    errors = {f.operator for f in audit(placeholder_model(constant=constant)).findings if f.code == "TG-Q029"}
    assert (1 in errors) == constant


def test_a_subgraph_without_anything_in_it_is_found() -> None:
    def change(model: Any) -> None:
        model.subgraphs.append(type(model.subgraphs[0])())

    findings = audit(rewrite(SOUND, change)).findings
    assert [(f.code, f.subgraph) for f in findings if f.severity == "error"] == [("TG-Q047", 1)]
