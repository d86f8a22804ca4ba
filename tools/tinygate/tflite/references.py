"""Finds every index in a model that points to nothing: operator codes, tensors, buffers, subgraphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinygate.tflite.model import Operator, Subgraph, TfliteModel
from tinygate.tflite.options import BranchOptions, CallOnceOptions

_OMITTED = -1  # an optional input that is left out


@dataclass(frozen=True)
class DanglingReference:
    """An index that points to nothing.

    Attributes:
        kind: "operator_code", "tensor", "buffer" or "subgraph".
        value: the index.
        count: how many there are to point to.
        subgraph, operator, tensor: who points there; -1 where it does not apply.
        sentence: the same in words, without full stop.
    """

    kind: str
    value: int
    count: int
    subgraph: int
    operator: int
    tensor: int
    sentence: str


def dangling_references(model: TfliteModel) -> Iterator[DanglingReference]:
    """Yield the indices of `model` that point to nothing."""
    for graph in model.subgraphs:
        yield from dangling_in_graph(model, graph)
    yield from dangling_in_file(model)


def dangling_in_file(model: TfliteModel) -> Iterator[DanglingReference]:
    """Yield those of signatures and metadata."""
    for signature in model.signatures:
        if signature.subgraph >= len(model.subgraphs):
            where = f"signature {signature.key!r} names subgraph {signature.subgraph}"
            yield _dangling("subgraph", signature.subgraph, len(model.subgraphs), where)
            continue
        count = len(model.subgraphs[signature.subgraph].tensors)
        for name, tensor in (*signature.inputs, *signature.outputs):
            if tensor >= count:
                yield _dangling("tensor", tensor, count, f"signature {signature.key!r} names tensor {tensor} {name!r}")
    for metadata in model.metadata:
        if metadata.buffer >= len(model.buffers):
            where = f"metadata {metadata.name!r} names buffer {metadata.buffer}"
            yield _dangling("buffer", metadata.buffer, len(model.buffers), where)


def dangling_in_graph(model: TfliteModel, graph: Subgraph) -> Iterator[DanglingReference]:
    """Yield those of one subgraph."""
    for tensor in graph.tensors:
        if tensor.buffer >= len(model.buffers):
            where = f"tensor {tensor.index} {tensor.name!r} names buffer {tensor.buffer}"
            yield _dangling("buffer", tensor.buffer, len(model.buffers), where, graph.index, tensor=tensor.index)
    for what, indices in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        for value in indices:
            if not 0 <= value < len(graph.tensors):
                where = f"subgraph {graph.index} has tensor {value} among its {what}"
                yield _dangling("tensor", value, len(graph.tensors), where, graph.index)
    for operator in graph.operators:
        yield from _of_operator(model, graph, operator)


def _of_operator(model: TfliteModel, graph: Subgraph, operator: Operator) -> Iterator[DanglingReference]:
    at = (graph.index, operator.index)
    who = f"operator {operator.index} {operator.name}"
    if operator.code >= len(model.operator_codes):
        where = f"{who} names operator code {operator.code}"
        yield _dangling("operator_code", operator.code, len(model.operator_codes), where, *at)
    for what, indices, lowest in (
        ("inputs", operator.inputs, _OMITTED),
        ("outputs", operator.outputs, 0),
        ("intermediates", operator.intermediates, 0),
    ):
        for value in indices:
            if not lowest <= value < len(graph.tensors):
                where = f"{who} has tensor {value} among its {what}"
                yield _dangling("tensor", value, len(graph.tensors), where, *at)
    if isinstance(operator.options, BranchOptions | CallOnceOptions):
        for value in operator.options.subgraphs():
            if not 0 <= value < len(model.subgraphs):
                where = f"{who} calls subgraph {value}"
                yield _dangling("subgraph", value, len(model.subgraphs), where, *at)


def _dangling(
    kind: str, value: int, count: int, where: str, subgraph: int = -1, operator: int = -1, *, tensor: int = -1
) -> DanglingReference:
    there_are = f"but there are {count}" if count else "but there are none"
    return DanglingReference(kind, value, count, subgraph, operator, tensor, f"{where}, {there_are}")
