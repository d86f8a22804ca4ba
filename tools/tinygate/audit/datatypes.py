"""Checks on types: which combinations the kernels have, and that integers come with scale and zero point."""

from __future__ import annotations

from collections.abc import Iterator

from tinygate.audit.finding import AuditFinding
from tinygate.audit.operators import KEEPS_SCALE, data_inputs
from tinygate.audit.product import WEIGHTED, Product, affine_of
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Tensor

_PRODUCT_TYPES = (
    ("float32", "float32", "float32"), ("int8", "int8", "int8"), ("int16", "int8", "int16"), ("int8", "int4", "int8"),
)  # fmt: skip
_ARITHMETIC = ("float32", "int8", "int16")
_SUMS = ("float32", "int8", "int16", "int32")

# Operators whose data inputs and outputs have one type; the types that the kernel has, () for any.
_SAME_TYPE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(KEEPS_SCALE, ()), "TILE": (), "CUMSUM": (), "ZEROS_LIKE": (),
    "AVERAGE_POOL_2D": _ARITHMETIC, "MAX_POOL_2D": _ARITHMETIC, "LOGISTIC": _ARITHMETIC, "TANH": _ARITHMETIC,
    "MEAN": _ARITHMETIC, "LEAKY_RELU": _ARITHMETIC, "ADD": _SUMS, "SUB": _SUMS, "MUL": _SUMS, "DIV": (),
}  # fmt: skip
_BINARY = ("ADD", "SUB", "MUL", "DIV")
_CONVERSIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "QUANTIZE": (("float32", "int8", "int16", "int32", "uint8"), ("int8", "int16", "int32", "uint8")),
    "DEQUANTIZE": (("int8", "int16", "uint8", "float16"), ("float32",)),
    "CAST": ((), ("int8", "int16", "int32", "uint32", "float32", "bool")),
    "SHAPE": ((), ("int32", "int64")),
}
_CODES = ("int8", "int16", "uint8")
_COMPUTES = frozenset(
    """SOFTMAX LOGISTIC TANH LEAKY_RELU ADD SUB MUL MEAN AVERAGE_POOL_2D HARD_SWISH ELU L2_NORMALIZATION LOG_SOFTMAX
    PRELU SQUARED_DIFFERENCE RELU RELU6 QUANTIZE DEQUANTIZE BATCH_MATMUL""".split()
)


def check_combinations(view: View) -> Iterator[AuditFinding]:
    """TG-Q014: no hybrid operators. TG-Q030: types that the kernels of products have."""
    for product in view.products:
        tensors = (product.source, product.weights, product.result)
        types = tuple(tensor.dtype for tensor in tensors)
        if types in _PRODUCT_TYPES:
            continue
        is_hybrid = types[0] == "float32" and types[1] in ("int8", "int4", "uint8")
        values = f"input {types[0]}, weights {types[1]}, output {types[2]}"
        odd = _odd_of(view, product)
        related = tuple(tensor for tensor in tensors if tensor is not odd)
        code = "TG-Q014" if is_hybrid else "TG-Q030"
        yield view.finding(code, values, operator=product.operator, tensor=odd, related=related)


def _odd_of(view: View, product: Product) -> Tensor:
    """Return the tensor whose type alone keeps the three from being a combination that kernels have."""
    tensors = (product.weights, product.result, product.source)
    types = [tensor.dtype for tensor in tensors]
    known = [(weights, result, source) for source, weights, result in _PRODUCT_TYPES]
    odd = [
        tensors[place]
        for place in range(3)
        if any(all(types[p] == combination[p] for p in range(3) if p != place) for combination in known)
    ]
    return view.oddest(*(odd or [product.weights]))


def check_same_types(view: View) -> Iterator[AuditFinding]:
    """TG-Q030 for operators whose inputs and outputs have one type, and for conversions."""
    for operator in view.graph.operators:
        if operator.name in _CONVERSIONS:
            yield from _check_conversion(view, operator)
        if operator.name not in _SAME_TYPE:
            continue
        tensors = [*_data(view, operator), *view.outputs(operator)]
        types = {tensor.dtype for tensor in tensors}
        allowed = _SAME_TYPE[operator.name]
        if len(types) > 1:
            odd = view.oddest(*reversed(tensors))
            values = f"{odd.dtype} among types {', '.join(sorted(types))}; expected one"
            related = tuple(tensor for tensor in tensors[:3] if tensor is not odd)
            yield view.finding("TG-Q030", values, operator=operator, tensor=odd, related=related)
        elif allowed and not types <= set(allowed):
            values = f"type {types.pop()}; the kernel has {', '.join(allowed)}"
            yield view.finding("TG-Q030", values, operator=operator, tensor=tensors[-1])


def _data(view: View, operator: Operator) -> list[Tensor]:
    if operator.name in KEEPS_SCALE:
        return data_inputs(view, operator)
    inputs = view.inputs(operator)
    return [tensor for tensor in (inputs if operator.name in _BINARY else inputs[:1]) if tensor is not None]


def _check_conversion(view: View, operator: Operator) -> Iterator[AuditFinding]:
    tensors: tuple[list[Tensor | None], ...] = (view.inputs(operator)[:1], [*view.outputs(operator)[:1]])
    for known, given, what in zip(_CONVERSIONS[operator.name], tensors, ("input", "output"), strict=True):
        for tensor in given:
            if known and tensor is not None and tensor.dtype not in known:
                values = f"{what} {tensor.dtype}; expected {', '.join(known)}"
                yield view.finding("TG-Q030", values, operator=operator, tensor=tensor)


def check_parameters(view: View) -> Iterator[AuditFinding]:
    """TG-Q036: integers that are computed with have parameters; so have all activations of a quantized graph."""
    said: set[int] = set()
    quantized = any(product.is_integer and product.weights.scales for product in view.products)
    integer = {product.operator.index for product in view.products if product.is_integer}
    for operator in view.graph.operators:
        if operator.name in WEIGHTED and operator.index in integer:
            source, weights, *_ = WEIGHTED[operator.name]
            tensors = [view.tensor(operator.inputs[place]) for place in (source, weights)]
        elif operator.name in _COMPUTES or (quantized and operator.name in KEEPS_SCALE):
            tensors = [*(data_inputs(view, operator) or view.inputs(operator)[:2])]
        else:
            continue
        for tensor in (*tensors, *view.outputs(operator)):
            bare = tensor is not None and tensor.dtype in _CODES and not (tensor.scales and tensor.zero_points)
            if tensor is not None and bare and tensor.index not in said:
                said.add(tensor.index)
                values = f"{tensor.dtype} with {affine_of(tensor)}"
                yield view.finding("TG-Q036", values, operator=operator, tensor=tensor)
