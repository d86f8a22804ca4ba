"""Where the bytes of a .tflite go: every byte has one purpose, and the purposes add up to the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinygate.tflite import Subgraph, TfliteModel, read_model
from tinygate.tflite.spans import Span, spans_of
from tinygate.tflm.operators import WEIGHT_INPUTS, WEIGHTED

PURPOSES: Mapping[str, str] = {
    "weights": "constants that an operator multiplies its input with",
    "biases": "constants that an operator adds to its sums",
    "other constants": "shapes, axes, tables, and whatever else is constant",
    "quantization parameters": "scales and zero points, and the tables that hold them",
    "ranges": "minimum and maximum as the converter saw them; nothing reads them any more",
    "graph": "operators, tensors, shapes, options, and what links them",
    "names": "of tensors and subgraphs",
    "metadata": "signatures, description, metadata and their buffers",
    "unused buffers": "constants that no tensor names",
    "padding": "zeros that align what follows them",
    "left over": "bytes that nothing refers to and that are not all zero",
}
"""Every purpose, in the order in which it is shown, with its meaning."""

_OF_TABLE = {"SignatureDef": "metadata", "TensorMap": "metadata", "Metadata": "metadata"}
_OF_FIELD = {
    ("Tensor", 3): "names", ("SubGraph", 4): "names", ("Model", 3): "metadata", ("Model", 5): "metadata",
    ("Model", 6): "metadata", ("Model", 7): "metadata", ("QuantizationParameters", 0): "ranges",
    ("QuantizationParameters", 1): "ranges",
}  # fmt: skip


def breakdown(content: bytes) -> dict[str, int]:
    """Return the bytes of a .tflite by purpose, all of PURPOSES; they add up to its size.

    Raises:
        ModelFileError: not a usable .tflite.
    """
    roles = buffer_roles(read_model(content))
    found = dict.fromkeys(PURPOSES, 0)
    end = 0
    for span in spans_of(content):
        found[_filling(content[end : span.start])] += span.start - end
        found[_purpose(span, roles)] += span.size_bytes
        end = span.start + span.size_bytes
    found[_filling(content[end:])] += len(content) - end
    return found


def _filling(between: bytes) -> str:
    return "left over" if any(between) else "padding"


def _purpose(span: Span, roles: Mapping[int, str]) -> str:
    table, index = span.path[-1]
    if table == "Buffer" and span.slot == 0:
        return roles[index]
    if (table, span.slot) in _OF_FIELD:
        return _OF_FIELD[table, span.slot]
    if "QuantizationParameters" in span.tables:
        return "quantization parameters"
    return next((_OF_TABLE[name] for name in span.tables if name in _OF_TABLE), "graph")


def buffer_roles(model: TfliteModel) -> dict[int, str]:
    """Return what each buffer is for, by its number: a purpose of PURPOSES."""
    roles = dict.fromkeys(range(len(model.buffers)), "unused buffers")
    roles.update((entry.buffer, "metadata") for entry in model.metadata)
    for graph in model.subgraphs:
        roles.update((tensor.buffer, "other constants") for tensor in graph.tensors)
    for graph in model.subgraphs:  # weights last: a constant that is also a weight counts as one
        roles.update(_named(graph, _bias_places(graph), "biases"))
        roles.update(_named(graph, _weight_places(graph), "weights"))
    return roles


def _named(graph: Subgraph, places: Iterable[int], role: str) -> dict[int, str]:
    tensors = (graph.tensors[index] for index in places if index >= 0)
    return {tensor.buffer: role for tensor in tensors if tensor.is_constant}


def _weight_places(graph: Subgraph) -> Iterable[int]:
    """Yield tensors that are weights; of a recurrent cell, everything but its input that is not a bias."""
    for operator in graph.operators:
        if operator.name in WEIGHTED:
            yield from operator.inputs[WEIGHTED[operator.name].weights :][:1]
        elif operator.name in WEIGHT_INPUTS:
            yield from (index for index in operator.inputs[1:] if index >= 0 and len(graph.tensors[index].shape) > 1)


def _bias_places(graph: Subgraph) -> Iterable[int]:
    for operator in graph.operators:
        if operator.name in WEIGHTED:
            yield from operator.inputs[WEIGHTED[operator.name].bias :][:1]
        elif operator.name in WEIGHT_INPUTS:
            yield from (index for index in operator.inputs[1:] if index >= 0 and len(graph.tensors[index].shape) == 1)
