"""Checks on the file as a whole: format, emptiness, dead weight."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from tinygate.audit.finding import AuditFinding
from tinygate.audit.view import View
from tinygate.tflite import schema
from tinygate.tflite.model import Operator, TfliteModel
from tinygate.tflite.options import BranchOptions, CallOnceOptions

_SMALLEST_DUPLICATE_BYTES = 64
_MOST_SHOWN = 8


def check_format(view: View) -> Iterator[AuditFinding]:
    """TG-Q018: identifier and schema version."""
    model = view.model
    if model.identifier != schema.FILE_IDENTIFIER:
        yield view.finding("TG-Q018", f"identifier {model.identifier!r}; expected {schema.FILE_IDENTIFIER!r}")
    if model.version != schema.SCHEMA_VERSION:
        yield view.finding("TG-Q018", f"schema version {model.version}; expected {schema.SCHEMA_VERSION}")


def check_emptiness(view: View) -> Iterator[AuditFinding]:
    """TG-Q047: something to run, in every subgraph. Reported with the first one."""
    if view.graph.index:
        return
    graphs = view.model.subgraphs or (view.graph,)
    initial = {i for graph in graphs for operator in graph.operators for i in _initializes(operator)}
    for graph in graphs:
        copies = set(graph.outputs) <= set(graph.inputs)  # hands on what it is given: TG-Q054
        needed: tuple[object, ...] = (graph.operators or graph.outputs,)
        if graph.index == 0:
            needed = (graph.operators or copies, graph.outputs)
        if not all(needed) and graph.index not in initial:  # what CALL_ONCE runs may have nothing to do
            counts = f"{len(graph.operators)} operators, {len(graph.inputs)} inputs, {len(graph.outputs)} outputs"
            yield replace(view.finding("TG-Q047", counts), subgraph=graph.index)


def _initializes(operator: Operator) -> tuple[int, ...]:
    return operator.options.subgraphs() if isinstance(operator.options, CallOnceOptions) else ()


def check_entry(view: View) -> Iterator[AuditFinding]:
    """TG-Q057: which of several subgraphs or signatures runs. Reported with the first subgraph."""
    graphs, signatures = view.model.subgraphs, view.model.signatures
    if view.graph.index or (len(graphs) < 2 and len(signatures) < 2):
        return
    called = _reachable(view.model, 0)
    keys = {index: [s.key for s in signatures if s.subgraph == index] for index in range(len(graphs))}
    idle = [index for index in range(len(graphs)) if index not in called]
    runs = f"subgraph 0 {view.graph.name!r}{_signed(keys.get(0, []))} runs"
    if len(called) > 1:
        runs += f" and calls {_listed(sorted(called - {0}))}"
    if idle:
        keyed = [key for index in idle for key in keys[index]]
        runs += f"; {_listed(idle)}{_signed(keyed)} never does"
    yield view.finding("TG-Q057", runs)


def _signed(keys: list[str]) -> str:
    return f" (signature {', '.join(map(repr, keys[:_MOST_SHOWN]))})" if keys else ""


def _listed(indices: list[int]) -> str:
    more = f" and {len(indices) - _MOST_SHOWN} more" if len(indices) > _MOST_SHOWN else ""
    return f"subgraph{'s' if len(indices) > 1 else ''} {', '.join(map(str, indices[:_MOST_SHOWN]))}{more}"


def _reachable(model: TfliteModel, start: int) -> set[int]:
    """Return the subgraphs that run when `start` runs."""
    found, waiting = {start}, [start]
    while waiting:
        for operator in model.subgraphs[waiting.pop()].operators:
            if isinstance(operator.options, BranchOptions | CallOnceOptions):
                new = {i for i in operator.options.subgraphs() if 0 <= i < len(model.subgraphs)} - found
                found |= new
                waiting += new
    return found


def check_sharing(view: View) -> Iterator[AuditFinding]:
    """TG-Q049: so many operators share weights that not all are examined."""
    if view.has_too_many_channels:
        yield view.finding("TG-Q049", f"weights shared by too many operators; {len(view.products)} were examined")


def check_unused(view: View) -> Iterator[AuditFinding]:
    """TG-Q017: every tensor is used."""
    graph = view.graph
    used = {i for op in graph.operators for i in (*op.inputs, *op.outputs, *op.intermediates)}
    used |= {*graph.inputs, *graph.outputs}
    for tensor in graph.tensors:
        if tensor.index not in used:
            yield view.finding("TG-Q017", f"shape {tensor.shape} of {tensor.dtype}", tensor=tensor)


def check_buffers(view: View) -> Iterator[AuditFinding]:
    """TG-Q019: every buffer is used. TG-Q020: none is stored twice. Reported with the first subgraph."""
    if view.graph.index:
        return
    model = view.model
    owners: dict[int, int] = {tensor.buffer: tensor.index for tensor in reversed(view.graph.tensors)}
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors}
    used |= {metadata.buffer for metadata in model.metadata}
    first: dict[bytes, int] = {}
    for index, buffer in enumerate(model.buffers):
        if buffer.data and index not in used:
            yield view.finding("TG-Q019", f"buffer {index} of {len(buffer.data)} bytes")
        if len(buffer.data) < _SMALLEST_DUPLICATE_BYTES or index not in used:
            continue
        digest = hashlib.sha256(buffer.data).digest()
        if digest in first:
            values = f"buffer {index} repeats buffer {first[digest]}, {len(buffer.data)} bytes"
            yield view.finding("TG-Q020", values, tensor=view.tensor(owners.get(index, -1)))
        first.setdefault(digest, index)
