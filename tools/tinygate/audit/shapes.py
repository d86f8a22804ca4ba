"""Checks on shapes of operators that compute: what the kernels compute addresses from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

from tinygate.audit.finding import AuditFinding
from tinygate.audit.moves import moved_shapes
from tinygate.audit.product import Product
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflite.options import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Pool2DOptions,
)

Shape = tuple[int, ...]

_ELEMENTWISE = frozenset(
    """SOFTMAX LOGISTIC TANH QUANTIZE DEQUANTIZE LEAKY_RELU RELU RELU6 RELU_N1_TO_1 ABS NEG HARD_SWISH ELU LOG_SOFTMAX
    L2_NORMALIZATION CAST EXP LOG SIN COS SQRT RSQRT SQUARE FLOOR CEIL ROUND ZEROS_LIKE LOGICAL_NOT""".split()
)
_BROADCAST = frozenset(
    """ADD SUB MUL DIV MAXIMUM MINIMUM SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER
    GREATER_EQUAL LOGICAL_AND LOGICAL_OR""".split()
)
_SAME_SIZE = {"RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE"}


def check_products(view: View) -> Iterator[AuditFinding]:
    """TG-Q029 for convolutions and matrix products; TG-Q027: one bias value per output channel."""
    for product in view.products:
        shapes = (product.source.shape, product.weights.shape, product.result.shape)
        if any(size < 0 for shape in shapes for size in shape):
            continue  # TG-Q046
        if view.is_placed_at_run_time(product.source, product.result):
            continue
        empty = [t for t in (product.source, product.weights, product.result) if 0 in t.shape]
        check = _PRODUCT_CHECKS[product.operator.name]
        wrong = (empty[0], f"shape {empty[0].shape}: nothing to compute") if empty else check(product)
        if wrong:
            tensor, values = wrong
            others = tuple(t for t in (product.source, product.weights, product.result) if t is not tensor)
            yield view.finding("TG-Q029", values, operator=product.operator, tensor=tensor, related=others)
        bias = product.bias
        channels = product.channels
        if bias is not None and channels and prod(bias.shape) != channels:
            values = f"{prod(bias.shape)} values for {channels} output channels"
            yield view.finding("TG-Q027", values, operator=product.operator, tensor=bias)


def _check_convolution(product: Product) -> tuple[Tensor, str] | None:
    source, weights, result = product.source, product.weights, product.result
    options = product.operator.options
    if any(len(t.shape) != 4 for t in (source, weights, result)):
        ranks = [len(t.shape) for t in (source, weights, result)]
        return weights, f"input, weights and output of {ranks} dimensions; expected 4 each"
    if product.operator.name == "CONV_2D":
        channels, depth = weights.shape[0], weights.shape[3]
        if depth == 0 or source.shape[3] % max(depth, 1) or channels % max(source.shape[3] // max(depth, 1), 1):
            return weights, f"weights take {depth} input channels, the input has {source.shape[3]}"
    else:
        channels = weights.shape[3]
        if weights.shape[0] != 1 or source.shape[3] == 0 or channels % source.shape[3]:
            return weights, f"weights {weights.shape} for {source.shape[3]} input channels"
        if isinstance(options, DepthwiseConv2DOptions) and options.depth_multiplier * source.shape[3] != channels:
            return weights, f"{source.shape[3]} input channels times {options.depth_multiplier} for {channels} channels"
    if not isinstance(options, Conv2DOptions | DepthwiseConv2DOptions):
        return None
    steps = (options.stride_h, options.stride_w, options.dilation_h, options.dilation_w)
    if min(steps) < 1:
        return None  # TG-Q040
    spatial = [
        _extent(source.shape[1 + i], weights.shape[1 + i], steps[i], steps[2 + i], options.padding) for i in (0, 1)
    ]
    return _expect(result, (source.shape[0], *spatial, channels))


def _check_fully_connected(product: Product) -> tuple[Tensor, str] | None:
    source, weights, result = product.source, product.weights, product.result
    if len(weights.shape) != 2 or 0 in weights.shape:
        return weights, f"weights of shape {weights.shape}; expected two dimensions"
    outputs, depth = weights.shape
    if prod(source.shape) % depth:
        return weights, f"weights take {depth} inputs, the input has {prod(source.shape)} values"
    options = product.operator.options
    if isinstance(options, FullyConnectedOptions) and options.keep_num_dims and source.shape:
        return _expect(result, (*source.shape[:-1], outputs))
    rows = prod(source.shape) // depth
    if prod(result.shape) != rows * outputs or not result.shape or result.shape[-1] != outputs:
        return result, f"output {result.shape}; {rows} rows of {outputs} expected"
    return None


def _check_transpose_conv(product: Product) -> tuple[Tensor, str] | None:
    source, weights, result = product.source, product.weights, product.result
    if any(len(t.shape) != 4 for t in (source, weights, result)):
        return weights, "expected four dimensions of input, weights and output"
    if weights.shape[3] != source.shape[3]:
        return weights, f"weights take {weights.shape[3]} input channels, the input has {source.shape[3]}"
    if weights.shape[0] != result.shape[3]:
        return weights, f"weights give {weights.shape[0]} channels, the output has {result.shape[3]}"
    return None


_PRODUCT_CHECKS: dict[str, Callable[[Product], tuple[Tensor, str] | None]] = {
    "CONV_2D": _check_convolution,
    "DEPTHWISE_CONV_2D": _check_convolution,
    "FULLY_CONNECTED": _check_fully_connected,
    "TRANSPOSE_CONV": _check_transpose_conv,
}


def check_others(view: View) -> Iterator[AuditFinding]:
    """TG-Q029 for pools, elementwise, broadcast and reshaping operators."""
    for operator in view.graph.operators:
        tensors = [*view.inputs(operator), *view.outputs(operator)]
        if not operator.inputs or tensors[0] is None or not view.outputs(operator):
            continue  # TG-Q039
        if any(tensor is not None and min(tensor.shape, default=0) < 0 for tensor in tensors):
            continue  # TG-Q046
        if view.is_placed_at_run_time(*tensors):
            continue
        wrong = _check_one(view, operator)
        if wrong:
            others = tuple(t for t in tensors[:3] if t is not None and t is not wrong[0])
            yield view.finding("TG-Q029", wrong[1], operator=operator, tensor=wrong[0], related=others)


def _check_one(view: View, operator: Operator) -> tuple[Tensor, str] | None:
    inputs, result = view.inputs(operator), view.outputs(operator)[0]
    source = inputs[0]
    assert source is not None
    if isinstance(operator.options, Pool2DOptions):
        return _check_pool(operator.options, source, result)
    if operator.name in _ELEMENTWISE:
        return _expect(result, source.shape)
    if operator.name in _SAME_SIZE and prod(source.shape) != prod(result.shape):
        return result, f"{prod(source.shape)} values of {source.shape} go into {prod(result.shape)} of {result.shape}"
    other = inputs[1] if len(inputs) > 1 else None
    if operator.name in _BROADCAST and other is not None:
        return _expect(result, _broadcast(source.shape, other.shape))
    for tensor, expected in moved_shapes(view, operator):
        if tensor.shape != expected:
            return tensor, f"output {tensor.shape}; inputs and options give {expected or 'none that fits'}"
    return None


def _check_pool(options: Pool2DOptions, source: Tensor, result: Tensor) -> tuple[Tensor, str] | None:
    if len(source.shape) != 4:
        return source, f"shape {source.shape}; expected four dimensions"
    steps = (options.stride_h, options.stride_w)
    filters = (options.filter_h, options.filter_w)
    if min(*steps, *filters) < 1:
        return None  # TG-Q040
    spatial = [_extent(source.shape[1 + i], filters[i], steps[i], 1, options.padding) for i in (0, 1)]
    return _expect(result, (source.shape[0], *spatial, source.shape[3]))


def _extent(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    """Return the output size along one dimension; -1 for a padding that is none."""
    if padding == "SAME":
        return -(-size // stride)
    return max(-(-(size - (window - 1) * dilation) // stride), 0) if padding == "VALID" else -1


def _broadcast(a: Shape, b: Shape) -> Shape | None:
    length = max(len(a), len(b))
    pairs = list(zip((1,) * (length - len(a)) + a, (1,) * (length - len(b)) + b, strict=True))
    if any(x != y and 1 not in (x, y) for x, y in pairs):
        return None
    return tuple(y if x == 1 else x for x, y in pairs)


def _expect(result: Tensor, expected: Shape | None) -> tuple[Tensor, str] | None:
    if expected is None:
        return result, "inputs that cannot be broadcast"
    if -1 in expected or result.shape == expected:
        return None
    return result, f"output {result.shape}; inputs and options give {expected}"
