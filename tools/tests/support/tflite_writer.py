"""Writes the dataclasses of `model` as a .tflite file: the inverse of the reader, for models made up or altered.

What the reader does not decode is not written: the options of operators outside OPTION_TYPES, sparsity. To change one
thing in somebody's file and keep all else, use `tinygate.tflite.edit`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tinygate.tflite import schema
from tinygate.tflite.model import Buffer, Metadata, Operator, OperatorCode, Signature, Subgraph, Tensor, TfliteModel
from tinygate.tflite.options import OPTION_TYPES, Options

_ALIGNMENT = 16  # TFLM reads constants in place
_UNION_OF_OPERATOR = {"ADD": 11, "L2_NORMALIZATION": 12, "MUL": 21, "SUB": 28, "DIV": 29, "PACK": 59, "UNPACK": 64,
                      "SPLIT_V": 79, "IF": 92, "WHILE": 93}  # fmt: skip
_PREPEND = {"b": "Int8", "B": "Uint8", "?": "Bool", "i": "Int32", "I": "Uint32", "f": "Float32", "q": "Int64",
            "O": "UOffsetTRelative"}  # fmt: skip

Field = tuple[int, str, Any]  # slot, `struct` code ("O" for an offset), value


def write_model(model: TfliteModel) -> bytes:
    """Return `model` as the content of a .tflite file; `buffers` win over the tensors' `data`.

    Values are written as they are, however wrong: the audit's tests need models that no converter would make.
    """
    import flatbuffers

    writer = _Writer(flatbuffers.Builder(1024 + 2 * sum(len(buffer.data) for buffer in model.buffers)))
    fields: list[Field] = [
        (0, "I", model.version),
        (1, "O", writer.tables(model.operator_codes, writer.code)),
        (2, "O", writer.tables(model.subgraphs, writer.subgraph)),
        (3, "O", writer.text(model.description)),
        (4, "O", writer.tables(model.buffers, writer.buffer)),
        (6, "O", writer.tables(model.metadata, writer.metadata)),
        (7, "O", writer.tables(model.signatures, writer.signature)),
    ]
    writer.builder.Finish(writer.table(fields), model.identifier.encode("latin-1"))
    return bytes(writer.builder.Output())


class _Writer:
    """Writes one table each into a FlatBuffers builder and returns its offset."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder

    def table(self, fields: Iterable[Field]) -> int:
        present = [(slot, code, value) for slot, code, value in fields if value is not None]
        self.builder.StartObject(1 + max((slot for slot, _, _ in present), default=-1))
        for slot, code, value in present:
            getattr(self.builder, f"Prepend{_PREPEND[code]}Slot")(slot, value, None if code != "O" else 0)
        return int(self.builder.EndObject())

    def tables(self, items: Sequence[Any], write: Callable[[Any], int]) -> int:
        return self._vector([write(item) for item in items], 4, self.builder.PrependUOffsetTRelative)

    def numbers(self, values: Sequence[float], code: str) -> int:
        size = 8 if code == "q" else 4
        return self._vector(values, size, getattr(self.builder, f"Prepend{_PREPEND[code]}"))

    def text(self, value: str) -> int:
        return int(self.builder.CreateString(value))

    def blob(self, data: bytes) -> int | None:
        if not data:
            return None
        builder = self.builder
        builder.StartVector(1, len(data), _ALIGNMENT)
        builder.head -= len(data)
        builder.Bytes[builder.head : builder.head + len(data)] = data
        return int(builder.EndVector())

    def buffer(self, buffer: Buffer) -> int:
        return self.table([(0, "O", self.blob(buffer.data))])

    def metadata(self, metadata: Metadata) -> int:
        return self.table([(0, "O", self.text(metadata.name)), (1, "I", metadata.buffer)])

    def code(self, code: OperatorCode) -> int:
        number = _number(schema.OPERATORS, code.name)
        custom = self.text(code.custom) if code.custom else None
        return self.table([(0, "b", min(number, 127)), (1, "O", custom), (2, "i", code.version), (3, "i", number)])

    def subgraph(self, graph: Subgraph) -> int:
        return self.table(
            [
                (0, "O", self.tables(graph.tensors, self.tensor)),
                (1, "O", self.numbers(graph.inputs, "i")),
                (2, "O", self.numbers(graph.outputs, "i")),
                (3, "O", self.tables(graph.operators, self.operator)),
                (4, "O", self.text(graph.name)),
            ]
        )

    def tensor(self, tensor: Tensor) -> int:
        signature = self.numbers(tensor.shape_signature, "i") if tensor.shape_signature else None
        return self.table(
            [
                (0, "O", self.numbers(tensor.shape, "i")),
                (1, "b", _number(schema.TENSOR_TYPES, tensor.dtype)),
                (2, "I", tensor.buffer),
                (3, "O", self.text(tensor.name)),
                (4, "O", self.quantization(tensor)),
                (5, "?", tensor.is_variable),
                (7, "O", signature),
                (10, "I", tensor.external_buffer),
            ]
        )

    def quantization(self, tensor: Tensor) -> int:
        ranges = [(slot, self.numbers(v, "f")) for slot, v in enumerate((tensor.minimum, tensor.maximum)) if v]
        affine = [(2, self.numbers(tensor.scales, "f"))] if tensor.scales else []
        zero_points = [(3, self.numbers(tensor.zero_points, "q"))] if tensor.zero_points else []
        offsets: list[Field] = [(slot, "O", offset) for slot, offset in (*ranges, *affine, *zero_points)]
        return self.table([*offsets, (6, "i", tensor.quantized_dimension)])

    def operator(self, operator: Operator) -> int:
        kind = _union_number(operator)
        return self.table(
            [
                (0, "I", operator.code),
                (1, "O", self.numbers(operator.inputs, "i")),
                (2, "O", self.numbers(operator.outputs, "i")),
                (3, "B", kind),
                (4, "O", self.options(operator.options) if kind else None),
                (5, "O", self.blob(operator.custom_options)),
                (8, "O", self.numbers(operator.intermediates, "i") if operator.intermediates else None),
            ]
        )

    def options(self, options: Options) -> int:
        fields: list[Field] = []
        for field in dataclasses.fields(options):
            value, place = getattr(options, field.name), field.metadata
            if place["code"] == "s":
                fields.append((place["slot"], "O", self.text(value)))
            elif place["code"].startswith("["):
                fields.append((place["slot"], "O", self.numbers(value, place["code"][1:])))
            else:
                fields.append(
                    (place["slot"], place["code"], _number(place["names"], value) if place["names"] else value)
                )
        return self.table(fields)

    def signature(self, signature: Signature) -> int:
        def entry(item: tuple[str, int]) -> int:
            return self.table([(0, "O", self.text(item[0])), (1, "I", item[1])])

        inputs, outputs = self.tables(signature.inputs, entry), self.tables(signature.outputs, entry)
        return self.table([(0, "O", inputs), (1, "O", outputs), (2, "O", self.text(signature.key)),
                           (4, "I", signature.subgraph)])  # fmt: skip

    def _vector(self, values: Sequence[Any], item_bytes: int, prepend: Callable[[Any], None]) -> int:
        self.builder.StartVector(item_bytes, len(values), item_bytes)
        for value in reversed(values):
            prepend(value)
        return int(self.builder.EndVector())


def _number(names: tuple[str, ...], name: str) -> int:
    return names.index(name) if name in names else int(name.removeprefix("unknown(").removesuffix(")"))


def _union_number(operator: Operator) -> int:
    kinds = [number for number, kind in OPTION_TYPES.items() if kind is type(operator.options)]
    return _UNION_OF_OPERATOR.get(operator.name, kinds[0]) if kinds else 0
