"""The operators that CMSIS-NN computes on a Cortex-M with DSP instructions and without MVE (M4, M7): their memory.

Source: TFLM's micro/kernels/cmsis_nn at the commit of 2026-08-20 and CMSIS-NN's `arm_*_get_buffer_size` at the commit
that TFLM's download script names (4ab83cc), compiled by GCC. The kernels look at tensors in another order than the
reference kernels, and do not look for what floats do not need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tinygate.arena import prepare
from tinygate.arena.geometry import geometry
from tinygate.arena.kernels import REFERENCE, Kernel
from tinygate.arena.memory import align_up
from tinygate.arena.node import Node
from tinygate.tflite.options import BatchMatmulOptions, TransposeConvOptions

_INTEGERS = ("int8", "int16")
_REVERSED_ABOVE_CHANNELS = 16  # TRANSPOSE_CONV


def _scratch(node: Node, size_bytes: int, kind: str) -> None:
    if size_bytes > 0:
        node.scratch(size_bytes, kind)


def _conv(node: Node) -> None:
    """CONV_2D: it looks for its bias among the outputs, where none is, and so takes any int16 for one with int64."""
    source, weights = node.needs(node.input(0), "input"), node.needs(node.input(1), "weights")
    node.temporaries("i0 i1 o0")
    if source.dtype in _INTEGERS:
        prepare.channel_factors(node, node.shape(weights, rank=4)[0])
    node.temporaries("i0 i1 i2 o0")
    if source.dtype in _INTEGERS:
        _scratch(node, _conv_bytes(node, source.dtype), "image to columns")


def _conv_bytes(node: Node, dtype: str) -> int:
    g = geometry(node)
    columns = g.filter.area * g.source.channels
    if dtype == "int16":
        return 4 * columns
    is_unpadded = g.padding.height == g.padding.width == 0
    if is_unpadded and g.filter.area == g.dilation.area == 1 and g.source.channels == g.filter.channels:
        return 0
    return 4 * align_up(columns, 4)


def _depthwise_conv(node: Node) -> None:
    """DEPTHWISE_CONV_2D."""
    source, weights = node.needs(node.input(0), "input"), node.needs(node.input(1), "weights")
    node.temporaries("i0 i1 o0")
    if source.dtype in _INTEGERS:
        prepare.channel_factors(node, node.shape(weights, rank=4)[3])
    node.temporaries("i0 i1 i2 o0")
    if source.dtype == "int8":
        _scratch(node, _depthwise_bytes(node, weights.dtype), "image to columns")


def _depthwise_bytes(node: Node, weights_dtype: str) -> int:
    g = geometry(node)
    if g.source.channels != g.output.channels or g.batch != 1 or g.dilation.area != 1:
        return 0
    is_3x3 = (g.filter.height, g.filter.width) == (3, 3) and max(g.padding.height, g.padding.width) <= 1
    return 0 if is_3x3 and weights_dtype == "int8" else 2 * g.source.channels * g.filter.area


def _fully_connected(node: Node) -> None:
    """FULLY_CONNECTED: computed as a 1 × 1 convolution where it can be, which needs factors per channel."""
    source, weights = node.needs(node.input(0), "input"), node.needs(node.input(1), "weights")
    node.temporaries("i0 i1 i2 o0")
    prepare.channel_factors_if_per_channel(node)
    shape = node.shape(node.needs(node.output(), "output"))
    depth = node.shape(weights, rank=1)[-1]
    is_per_channel = len(weights.scales) > 1
    if source.dtype == "int8" and weights.dtype != "int4" and len(shape) > 2 and depth % 4 == 0 and not is_per_channel:
        node.scratch(8 * shape[-1], "channel factors")


def _average_pool(node: Node) -> None:
    """AVERAGE_POOL_2D."""
    source = node.needs(node.input(0), "input")
    node.temporaries("i0 o0 i0 o0")
    if source.dtype in _INTEGERS:
        _scratch(node, 4 * node.shape(source, rank=4)[3], "sums")


def _transpose_conv(node: Node) -> None:
    """TRANSPOSE_CONV: inputs are shape, weights, input, bias."""
    weights, source = node.needs(node.input(1), "weights"), node.needs(node.input(2), "input")
    output, bias = node.needs(node.output(), "output"), node.input(3)
    node.temporaries("o0 i2 i1")
    prepare.channel_factors(node, node.shape(weights, rank=4)[0])
    if source.dtype == "int8":
        for size_bytes in _transpose_conv_bytes(node):
            node.scratch(size_bytes, "accumulators")
    if source.dtype == "int16":
        node.scratch(8 * node.count(output), "accumulators")
    if source.dtype != "float32":
        node.temporaries("i2 i1 i3 o0")
        if source.dtype == "int16" and bias is not None and bias.dtype == "int16":
            node.scratch(8 * node.count(bias), "converted bias")


def _transpose_conv_bytes(node: Node) -> tuple[int, int]:
    weights = node.shape(node.needs(node.input(1), "weights"), rank=4)
    source = node.shape(node.needs(node.input(2), "input"), rank=4)
    options = node.options(TransposeConvOptions)
    area, channels = weights[1] * weights[2], source[3]
    if options.stride_w <= 2 and options.stride_h <= 2 and channels > _REVERSED_ABOVE_CHANNELS:
        return 4 * align_up(area * channels, 4), area * channels * weights[0]
    columns = ((source[2] - 1) * options.stride_w + max(weights[2], options.stride_h)) * weights[0]
    return 4 * columns * max(weights[1], options.stride_h), 0


def _lstm(node: Node) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: sums over kernels are kept; one buffer fewer for integers."""
    node.temporaries(" ".join(f"i{number}" for number in range(24)) + " o0")
    source, cell = node.needs(node.input(0), "input"), node.needs(node.input(19), "cell state")
    is_integer = source.dtype in _INTEGERS and cell.dtype == "int16"
    if is_integer:
        state = node.shape(node.needs(node.input(18), "hidden state"), rank=2)[1]
        for _ in range(8):
            node.data((4 if source.dtype == "int8" else 8) * state, "kernel sums")
    prepare.lstm_buffers(node, 3 if is_integer else 4)


def _batch_matmul(node: Node) -> None:
    """BATCH_MATMUL: the parameters of quantization come last."""
    node.temporaries("i0 i1 o0")
    left, right = node.needs(node.input(0), "left operand"), node.needs(node.input(1), "right operand")
    options = node.options(BatchMatmulOptions)
    if options.adjoint_x:
        prepare.transposed_operand(node, left)
    if not options.adjoint_y:
        prepare.transposed_operand(node, right)
    node.set_shape(node.shape(node.needs(node.output(), "output")))
    if left.dtype != "float32" and right.dtype != "float32":
        node.structure("BATCH_MATMUL.quantization")


_PREPARES: Mapping[str, Callable[[Node], None]] = {
    "AVERAGE_POOL_2D": _average_pool,
    "BATCH_MATMUL": _batch_matmul,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise_conv,
    "FULLY_CONNECTED": _fully_connected,
    "TRANSPOSE_CONV": _transpose_conv,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}

CORTEX_M4: Mapping[str, Kernel] = REFERENCE | {
    name: replace(REFERENCE[name], prepare=function) for name, function in _PREPARES.items()
}
"""STM32F4."""
