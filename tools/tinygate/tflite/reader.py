"""Reads a .tflite file into the dataclasses of `model`, whatever its bytes are.

Two steps, so that the audit can describe what is wrong inside a file that is well-formed on the outside:
`parse_model` checks the FlatBuffers format alone; `read_model` also demands a graph whose references all exist.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from tinygate.errors import ModelFileError
from tinygate.tflite import schema
from tinygate.tflite.model import (
    Buffer,
    Metadata,
    Operator,
    OperatorCode,
    Signature,
    Subgraph,
    Tensor,
    TfliteModel,
)
from tinygate.tflite.options import OPTION_TYPES, Options
from tinygate.tflite.references import dangling_references
from tinygate.tflite.verify import verify
from tinygate.tflite.wire import Table, Wire

_CUSTOM = schema.OPERATORS.index("CUSTOM")
_SMALLEST_FILE_BYTES = 8
_MOST_INDICES = 1000  # per operator; the most of 259 public models are 24
_MOST_DIMENSIONS = 64  # no runtime goes beyond 8; computing with thousands would take minutes


def read_model(data: bytes) -> TfliteModel:
    """Return the model in `data`, the content of a .tflite file.

    Source of the layout: schema.fbs of TensorFlow Lite, version 3.

    Raises:
        ModelFileError: not a well-formed TFL3 file, or an index in it points to nothing. Time and memory are
            proportional to `len(data)`, whatever the bytes.
    """
    model = parse_model(data)
    if model.identifier != schema.FILE_IDENTIFIER:
        raise ModelFileError(
            f"not a .tflite: the file identifier is {model.identifier!r}, expected {schema.FILE_IDENTIFIER!r}. "
            "Is this the right file?"
        )
    for problem in dangling_references(model):
        raise ModelFileError(f"not a usable .tflite: {problem.sentence}. Export the model again.")
    return model


def parse_model(data: bytes) -> TfliteModel:
    """Return the model in `data`, its indices unchecked: they may dangle.

    Raises:
        ModelFileError: not a well-formed FlatBuffers file.
    """
    if len(data) < _SMALLEST_FILE_BYTES:
        raise ModelFileError(f"not a .tflite: {len(data)} bytes are too few. Is this the right file?")
    verify(Wire(data))  # on budgets of its own
    root = Wire(data).root()
    codes = root.tables(1, "operator code", _read_code)
    buffers = root.tables(4, "buffer", _read_buffer)
    return TfliteModel(
        identifier=data[4:8].decode("latin-1"),
        version=root.scalar(0, "I", 0),
        description=root.text(3),
        size_bytes=len(data),
        operator_codes=codes,
        subgraphs=root.tables(2, "subgraph", lambda table, index: _read_subgraph(table, index, codes, buffers)),
        buffers=buffers,
        metadata=root.tables(6, "metadata", lambda t, _: Metadata(t.text(0), t.scalar(1, "I", 0))),
        signatures=root.tables(7, "signature", _read_signature),
    )


def _read_code(table: Table, _: int) -> OperatorCode:
    code = max(table.scalar(0, "b", 0), table.scalar(3, "i", 0))
    custom = table.text(1) if code == _CUSTOM else ""
    return OperatorCode(schema.name_of(schema.OPERATORS, code), custom, table.scalar(2, "i", 1))


def _read_buffer(table: Table, index: int) -> Buffer:
    place, data = table.blob(0)
    offset, size = table.scalar(1, "Q", 0), table.scalar(2, "Q", 0)
    if offset > 1:  # files beyond 2 GB keep their data behind the FlatBuffer
        place = table.wire.span(offset, size, f"the data of buffer {index}")
        data = table.wire.data[place : place + size]
    return Buffer(data, place if data else 0)


def _read_subgraph(table: Table, index: int, codes: tuple[OperatorCode, ...], buffers: tuple[Buffer, ...]) -> Subgraph:
    return Subgraph(
        index=index,
        name=table.text(4),
        tensors=table.tables(0, "tensor", lambda t, i: _read_tensor(t, i, buffers)),
        inputs=table.numbers(1, "i", int),
        outputs=table.numbers(2, "i", int),
        operators=table.tables(3, "operator", lambda t, i: _read_operator(t, i, codes)),
    )


def _read_tensor(table: Table, index: int, buffers: tuple[Buffer, ...]) -> Tensor:
    buffer = table.scalar(2, "I", 0)
    affine = table.table(4, f"the quantization of tensor {index}")
    return Tensor(
        index=index,
        name=table.text(3),
        shape=_read_shape(table, index),
        shape_signature=table.numbers(7, "i", int),
        dtype=schema.name_of(schema.TENSOR_TYPES, table.scalar(1, "b", 0)),
        buffer=buffer,
        data=buffers[buffer].data if buffer < len(buffers) else b"",
        scales=affine.numbers(2, "f", float) if affine else (),
        zero_points=affine.numbers(3, "q", int) if affine else (),
        quantized_dimension=affine.scalar(6, "i", 0) if affine else 0,
        minimum=affine.numbers(0, "f", float) if affine else (),
        maximum=affine.numbers(1, "f", float) if affine else (),
        quantization_details=schema.name_of(schema.QUANTIZATION_DETAILS, affine.scalar(4, "B", 0)) if affine else "",
        is_variable=table.scalar(5, "?", False),
        is_sparse=table.reference(6) is not None,
        external_buffer=table.scalar(10, "I", 0),
    )


def _read_shape(table: Table, index: int) -> tuple[int, ...]:
    shape = table.numbers(0, "i", int)
    if len(shape) > _MOST_DIMENSIONS:
        table.wire.reject(f"tensor {index} with {len(shape)} dimensions", table.start)
    return shape


def _read_operator(table: Table, index: int, codes: tuple[OperatorCode, ...]) -> Operator:
    number = table.scalar(0, "I", 0)
    code = codes[number] if number < len(codes) else OperatorCode(f"dangling({number})", "", 0)
    options, options_type = _read_options(table, index)
    return Operator(
        index=index,
        name=code.custom or code.name,
        code=number,
        version=code.version,
        inputs=_read_indices(table, index, 1),
        outputs=_read_indices(table, index, 2),
        intermediates=_read_indices(table, index, 8),
        options=options,
        options_type=options_type,
        custom_options=table.blob(5)[1],
    )


def _read_indices(operator: Table, index: int, slot: int) -> tuple[int, ...]:
    indices = operator.numbers(slot, "i", int)
    if len(indices) > _MOST_INDICES:
        operator.wire.reject(f"operator {index} with {len(indices)} tensors", operator.start)
    return indices


def _read_options(operator: Table, index: int) -> tuple[Options, int]:
    number = operator.scalar(3, "B", 0)
    table = operator.table(4, f"the options of operator {index}") if number else None
    if table is None:
        return Options(), 0
    kind = OPTION_TYPES.get(number, Options)
    return kind(**{field.name: _read_option(table, field.metadata) for field in dataclasses.fields(kind)}), number


def _read_option(table: Table, place: Any) -> Any:
    if place["code"].startswith("["):
        return table.numbers(place["slot"], place["code"][1:], int)
    if place["code"] == "s":
        return table.text(place["slot"])
    value = table.scalar(place["slot"], place["code"], place["default"])
    return schema.name_of(place["names"], value) if place["names"] else value


def _read_signature(table: Table, _: int) -> Signature:
    def entry(t: Table, _: int) -> tuple[str, int]:
        return t.text(0), t.scalar(1, "I", 0)

    inputs, outputs = table.tables(0, "signature input", entry), table.tables(1, "signature output", entry)
    return Signature(table.text(2), table.scalar(4, "I", 0), inputs, outputs)
