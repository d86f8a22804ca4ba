"""Checks on a subgraph as a whole: order, operators, floats among integers, what lies unused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import CODE_RANGES
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Subgraph
from tinygate.tflite.options import BranchOptions, CallOnceOptions
from tinygate.tflite.references import dangling_in_file, dangling_in_graph
from tinygate.tflm.known import PINNED, known_errors
from tinygate.tflm.operators import registered

ESP_NN_OPERATORS = frozenset(
    ("ADD", "MUL", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "AVERAGE_POOL_2D", "SOFTMAX")
)
"""int8 operators with accelerated kernels in esp-nn 1.2.3."""

_ETHOS = "ethos-u"
_OWN_MEMORY = frozenset((_ETHOS,))  # takes scratch memory as inputs
_NO_COMPUTE = frozenset(("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "QUANTIZE", "DEQUANTIZE"))


def check_references(view: View) -> Iterator[AuditFinding]:
    """TG-Q023: indices point to something. Whole-file ones are reported with the first subgraph."""
    of_file = dangling_in_file(view.model) if view.graph.index == 0 else iter(())
    for reference in chain(dangling_in_graph(view.model, view.graph), of_file):
        operator = view.graph.operators[reference.operator] if reference.operator >= 0 else None
        tensor = view.graph.tensors[reference.tensor] if reference.tensor >= 0 else None
        yield view.finding("TG-Q023", reference.sentence, operator=operator, tensor=tensor)


def check_order(view: View) -> Iterator[AuditFinding]:
    """TG-Q032: tensors are written once, before they are read; outputs are written."""
    graph = view.graph
    written = {t.index for t in graph.tensors if t.is_constant or t.is_variable or t.element_count == 0} | set(
        graph.inputs
    )
    for index in graph.inputs:
        tensor = view.tensor(index)
        if tensor is not None and tensor.data:
            yield view.finding("TG-Q032", "an input that the file has data for", tensor=tensor)
    by: dict[int, Operator] = {}
    for operator in graph.operators:
        for index in operator.inputs if operator.name not in _OWN_MEMORY else ():
            tensor = view.tensor(index)
            if tensor is not None and index not in written:
                yield view.finding("TG-Q032", "read before anything writes it", operator=operator, tensor=tensor)
                written.add(index)  # said once
        for index in operator.outputs:
            tensor = view.tensor(index)
            if tensor is not None and (index in by or index in graph.inputs or tensor.data):
                other = f"operator {by[index].index} {by[index].name}" if index in by else "the caller or the file"
                yield view.finding("TG-Q032", f"written although {other} writes it", operator=operator, tensor=tensor)
            by[index] = operator
            written.add(index)
    for index in graph.outputs:
        tensor = view.tensor(index)
        if tensor is not None and index not in written:
            yield view.finding("TG-Q032", "an output that nothing writes", tensor=tensor)


def check_results(view: View) -> Iterator[AuditFinding]:
    """TG-Q054: what is computed is read; outputs are computed."""
    graph = view.graph
    read = {index for operator in graph.operators for index in operator.inputs} | set(graph.outputs)
    for operator in graph.operators:
        results = view.outputs(operator)
        if results and read.isdisjoint(operator.outputs):
            yield view.finding("TG-Q054", "nothing reads the result", operator=operator, tensor=results[0])
    if graph.index == 0 and graph.operators and not graph.inputs:
        yield view.finding("TG-Q054", "no inputs: every run gives the same")
    for index in graph.outputs if graph.index == 0 else ():  # the body of a loop may pass its inputs on
        tensor = view.tensor(index)
        if tensor is not None and (index in graph.inputs or tensor.data):
            what = "an input" if index in graph.inputs else "a constant"
            yield view.finding("TG-Q054", f"an output that is {what}", tensor=tensor)


def check_operators(view: View) -> Iterator[AuditFinding]:
    """TG-Q015: TFLM has them. TG-Q031: and the target's accelerated kernels."""
    for operator in view.graph.operators:
        if operator.name not in registered() and not operator.name.startswith("dangling("):
            yield view.finding("TG-Q015", _unsupported(operator), operator=operator)
        sources = [t for t in view.inputs(operator)[:1] if t is not None]
        if not view.target or not sources or sources[0].dtype not in CODE_RANGES or operator.name in _NO_COMPUTE:
            continue
        if operator.name not in ESP_NN_OPERATORS or sources[0].dtype != "int8" or _is_dilated(operator):
            reason = "dilated" if _is_dilated(operator) else f"of type {sources[0].dtype}"
            yield view.finding("TG-Q031", f"{operator.name} {reason} on {view.target}", operator=operator)


def check_known_errors(view: View) -> Iterator[AuditFinding]:
    """TG-Q058, Q059, Q044: what the target's kernels are known to compute wrongly."""
    said: set[str] = set()
    for error, operator, numbers in known_errors(view.model, view.graph, view.target, view.versions):
        version = view.versions.get(error.library) or PINNED.get(error.library, error.seen)
        values = f"{error.library} {version}: {numbers}"
        if error.name not in said:
            said.add(error.name)
            values = f"{values}. {error.sentence} {error.remedy} ({error.source})"
        yield view.finding(error.rule, values, operator=operator, tensor=next(iter(view.outputs(operator)), None))


def _unsupported(operator: Operator) -> str:
    if operator.name == _ETHOS:
        return f"{operator.name}: compiled by Vela for an Ethos-U, which the chip must have"
    return f"{operator.name} version {operator.version}"


def _is_dilated(operator: Operator) -> bool:
    return any(getattr(operator.options, name, 1) != 1 for name in ("dilation_w", "dilation_h"))


def check_floats(view: View) -> Iterator[AuditFinding]:
    """TG-Q013: no float operators in an integer model."""
    computed = [op for op in view.graph.operators if op.name not in ("QUANTIZE", "DEQUANTIZE")]
    floats = [op for op in computed if any(t.dtype == "float32" for t in view.outputs(op))]
    integers = [op for op in computed if any(t.dtype in ("int8", "int16") for t in view.outputs(op))]
    if integers:
        for operator in floats:
            tensor = view.outputs(operator)[0]
            yield view.finding("TG-Q013", f"float output among {len(integers)} integer operators",
                               operator=operator, tensor=tensor)  # fmt: skip


def check_dynamic(view: View) -> Iterator[AuditFinding]:
    """TG-Q016: shapes are fixed."""
    for operator in view.graph.operators:
        if operator.name == "SHAPE":
            yield view.finding("TG-Q016", "the shape is computed at run time", operator=operator)
    for tensor in view.graph.tensors:
        if -1 in tensor.shape_signature[1:]:
            yield view.finding("TG-Q016", f"shape signature {tensor.shape_signature}", tensor=tensor)
    yield from _check_batch(view)


def _check_batch(view: View) -> Iterator[AuditFinding]:
    """TG-Q055: the batch is open throughout or nowhere."""
    inputs = [tensor for tensor in map(view.tensor, view.graph.inputs) if tensor is not None]
    computed = [tensor for operator in view.graph.operators for tensor in view.outputs(operator)]
    open_inputs, open_results = ([t for t in ts if t.shape_signature[:1] == (-1,)] for ts in (inputs, computed))
    for tensor in (open_inputs or open_results)[:1]:
        if bool(open_inputs) != bool(open_results) and tensor.index not in view.run_time_shapes:
            values = f"shape signature {tensor.shape_signature}, shape {tensor.shape}"
            yield view.finding("TG-Q055", values, tensor=tensor)


def check_recursion(view: View) -> Iterator[AuditFinding]:
    """TG-Q032: a subgraph that calls itself, directly or through others. Reported with the first subgraph."""
    if view.graph.index:
        return
    calls = [_called(view, subgraph) for subgraph in view.model.subgraphs]
    finished: set[int] = set()
    for start in range(len(calls)):
        path = {start: iter(calls[start])} if start not in finished else {}
        while path:  # depth first: a call of a subgraph that is still on the path closes a circle
            current = next(reversed(path))
            called = next(path[current], None)
            if called is None:
                finished.add(current)
                del path[current]
            elif called in path:
                yield view.finding("TG-Q032", f"subgraph {called} calls itself, directly or through others")
                return
            elif called not in finished:
                path[called] = iter(calls[called])


def _called(view: View, subgraph: Subgraph) -> set[int]:
    called: set[int] = set()
    for operator in subgraph.operators:
        if isinstance(operator.options, BranchOptions | CallOnceOptions):
            called |= {index for index in operator.options.subgraphs() if 0 <= index < len(view.model.subgraphs)}
    return called


def check_input_ranges(view: View) -> Iterator[AuditFinding]:
    """TG-Q042: an input calibrated on noise, perhaps."""
    for index in view.graph.inputs if view.graph.index == 0 else ():
        tensor = view.tensor(index)
        if tensor is None or tensor.dtype != "int8" or len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
            continue
        scale, zero_point = tensor.scales[0], tensor.zero_points[0]
        high = (127 - zero_point) * scale
        if zero_point == -128 and abs(scale * 255 - 1) < 5e-3:
            yield view.finding("TG-Q042", f"range 0 to {high:.3g}: as of np.random.rand", tensor=tensor)
        elif 4.2 < high < 4.8 and abs(zero_point) <= 8:
            low = (-128 - zero_point) * scale
            yield view.finding("TG-Q042", f"range {low:.3g} to {high:.3g}: as of np.random.randn", tensor=tensor)
