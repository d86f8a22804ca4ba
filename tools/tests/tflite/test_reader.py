"""What is in a file is what the reader says is in it; the generated accessors of ai-edge-litert are the witness."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as generated
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.errors import ModelFileError
from tinygate.tflite import Tensor, TfliteModel, parse_model, read_model
from tinygate.tflite.edit import rewrite
from tinygate.tflite.options import OPTION_TYPES, Conv2DOptions
from tinygate.tflite.schema import ACTIVATIONS, OPERATORS, PADDINGS, TENSOR_TYPES

ARTIFACTS = sorted((Path(__file__).parents[3] / "models").glob("*/artifacts/*.tflite"))


def in_main(model: TfliteModel, **changes: Any) -> TfliteModel:
    return dataclasses.replace(model, subgraphs=(dataclasses.replace(model.main, **changes),))


def accessor_view(data: bytes) -> list[tuple[Any, ...]]:
    """Tensors as the generated accessors see them."""
    graph = generated.Model.GetRootAsModel(data, 0).Subgraphs(0)
    rows = []
    for tensor in (graph.Tensors(i) for i in range(graph.TensorsLength())):
        q = tensor.Quantization()
        scales = [q.Scale(i) for i in range(q.ScaleLength())] if q else []
        zeros = [q.ZeroPoint(i) for i in range(q.ZeroPointLength())] if q else []
        shape = [tensor.Shape(i) for i in range(tensor.ShapeLength())]
        rows.append((tensor.Name().decode(), TENSOR_TYPES[tensor.Type()], shape, tensor.Buffer(), scales, zeros))
    return rows


def reader_view(tensors: tuple[Tensor, ...]) -> list[tuple[Any, ...]]:
    return [(t.name, t.dtype, list(t.shape), t.buffer, list(t.scales), list(t.zero_points)) for t in tensors]


def test_a_model_survives_writing_and_reading(small_model: TfliteModel) -> None:
    back = read_model(write_model(small_model))
    assert back.main == small_model.main
    assert back.operator_codes == small_model.operator_codes


def test_the_reader_agrees_with_the_generated_accessors(small_model: TfliteModel) -> None:
    data = write_model(small_model)
    assert reader_view(read_model(data).main.tensors) == accessor_view(data)


def test_the_reader_agrees_with_the_generated_accessors_on_every_artifact() -> None:
    assert ARTIFACTS
    for data in map(Path.read_bytes, ARTIFACTS):
        assert reader_view(read_model(data).main.tensors) == accessor_view(data)


@pytest.mark.parametrize(
    ("names", "enumeration"),
    [
        (TENSOR_TYPES, generated.TensorType),
        (OPERATORS, generated.BuiltinOperator),
        (ACTIVATIONS, generated.ActivationFunctionType),
        (PADDINGS, generated.Padding),
    ],
)
def test_names_and_numbers_are_those_of_the_schema(names: tuple[str, ...], enumeration: type) -> None:
    published = {value: name for name, value in vars(enumeration).items() if not name.startswith("_")}
    published[205] = "REDUCE_WINDOW" if enumeration is generated.BuiltinOperator else published.get(205, "")
    assert all(published[number].lower() == name.lower() for number, name in enumerate(names))


@pytest.mark.parametrize("number", OPTION_TYPES)
def test_every_options_table_has_the_number_of_the_schema(number: int) -> None:
    published = {v: k for k, v in vars(generated.BuiltinOptions).items() if not k.startswith("_")}[number]
    ours = OPTION_TYPES[number].__name__.removesuffix("Options").lower()
    shared = ("fused", "countaxis", "branch", "axis")  # one class for several tables
    assert published.lower().startswith(ours) or ours in shared


def test_convolution_options_are_read_from_the_slots_the_schema_gives_them() -> None:
    builder = flatbuffers.Builder()
    options = generated.Conv2DOptionsT(
        padding=1, strideW=2, strideH=3, fusedActivationFunction=1, dilationWFactor=4, dilationHFactor=5
    )
    model = generated.ModelT(
        version=3,
        operatorCodes=[generated.OperatorCodeT(deprecatedBuiltinCode=3, builtinCode=3, version=5)],
        buffers=[generated.BufferT()],
        subgraphs=[generated.SubGraphT(operators=[generated.OperatorT(builtinOptionsType=1, builtinOptions=options)])],
    )
    builder.Finish(model.Pack(builder), b"TFL3")
    (operator,) = read_model(bytes(builder.Output())).main.operators
    assert (operator.name, operator.version) == ("CONV_2D", 5)
    assert operator.options == Conv2DOptions("VALID", 2, 3, "RELU", 4, 5)


def test_constants_come_in_their_shape_and_type(small_model: TfliteModel) -> None:
    model = read_model(write_model(small_model))
    np.testing.assert_array_equal(model.main.tensors[2].array(), np.array([1, -2, 3], np.int32))


def test_constants_lie_where_the_buffer_says_aligned_for_tflm(small_model: TfliteModel) -> None:
    data = write_model(small_model)
    for buffer in read_model(data).buffers[1:]:
        assert buffer.offset_bytes % 16 == 0
        assert data[buffer.offset_bytes :].startswith(buffer.data)


def test_data_that_do_not_fill_the_shape_are_refused(small_model: TfliteModel) -> None:
    bias = dataclasses.replace(small_model.main.tensors[2], shape=(4,))
    with pytest.raises(ModelFileError, match=r"12 bytes of data do not fill shape \(4,\) of int32"):
        bias.array()


def test_numbers_outside_the_schema_are_named_unknown(small_model: TfliteModel) -> None:
    strange = [dataclasses.replace(t, dtype="unknown(77)") for t in small_model.main.tensors]
    back = read_model(write_model(in_main(small_model, tensors=tuple(strange))))
    assert {t.dtype for t in back.main.tensors} == {"unknown(77)"}


def test_custom_operators_go_by_their_own_name() -> None:
    build = ModelBuilder()
    x = build.tensor("x", (1,), "int8", [1.0], [0])
    build.operator("MyOwnOperator", [x], [x])
    assert read_model(write_model(build.model([x], [x]))).main.operators[0].name == "MyOwnOperator"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: dataclasses.replace(m, identifier="JPEG"), "file identifier is 'JPEG'"),
        (lambda m: in_main(m, inputs=(99,)), "subgraph 0 has tensor 99 among its inputs, but there are 6"),
        (lambda m: in_main(m, outputs=(-1,)), "subgraph 0 has tensor -1 among its outputs"),
        (lambda m: dataclasses.replace(m, buffers=()), "names buffer 0, but there are none"),
        (lambda m: dataclasses.replace(m, operator_codes=m.operator_codes[:2]), "operator 2 .* names operator code 2"),
    ],
)
def test_an_index_to_nothing_is_refused_by_name(small_model: TfliteModel, change: Any, sentence: str) -> None:
    with pytest.raises(ModelFileError, match=sentence):
        read_model(write_model(change(small_model)))


def test_a_dangling_tensor_is_still_parsed_for_the_audit(small_model: TfliteModel) -> None:
    assert parse_model(write_model(in_main(small_model, inputs=(99,)))).main.inputs == (99,)


def test_an_operator_may_leave_out_an_input(small_model: TfliteModel) -> None:
    first = dataclasses.replace(small_model.main.operators[0], inputs=(0, 1, -1))
    model = in_main(small_model, operators=(first, *small_model.main.operators[1:]))
    assert read_model(write_model(model)).main.operators[0].inputs == (0, 1, -1)


def test_editing_changes_one_thing_and_keeps_the_rest(small_model: TfliteModel) -> None:
    def change(model: Any) -> None:
        model.subgraphs[0].tensors[0].quantization.scale = [0.75]

    edited = read_model(rewrite(write_model(small_model), change))
    assert edited.main.tensors[0].scales == (0.75,)
    assert edited.main.tensors[1:] == small_model.main.tensors[1:]
    assert edited.main.operators == small_model.main.operators


@settings(max_examples=50)
@given(shape=st.lists(st.integers(0, 2**31 - 1), max_size=6), scales=st.lists(st.floats(width=32), max_size=5))
def test_any_shape_and_scales_survive(shape: list[int], scales: list[float]) -> None:
    build = ModelBuilder()
    build.tensor("t", shape, "int8", scales, [0] * len(scales))
    (tensor,) = read_model(write_model(build.model([0], [0]))).main.tensors
    assert tensor.shape == tuple(shape)
    np.testing.assert_array_equal(tensor.scales, np.array(scales, np.float32).astype(float))
