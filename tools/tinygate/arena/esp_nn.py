"""The operators that esp-nn computes: their scratch buffers on each chip.

ESP32 and ESP32-C3 run generic C, which needs scratch for softmax only. ESP32-S3 copies filters into aligned rows and
inputs into padded planes, ESP32-P4 likewise for convolutions. Source: the `*_get_*_scratch_size_*` functions of esp-nn
1.2.3 and the kernels in esp-tflite-micro 1.4.0 that call them; names of quantities follow theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from tinygate.arena import prepare
from tinygate.arena.geometry import Geometry, geometry
from tinygate.arena.kernels import REFERENCE, Kernel
from tinygate.arena.memory import align_up
from tinygate.arena.node import Node

_P4_CACHE_BUDGET = 32 * 1024
_S3_PADDED_INPUT = 40 * 1024
_S3_WIDE_INPUT = 48 * 1024

Scratch = Callable[[Geometry], int]


def _none(_: Geometry) -> int:
    return 0


def _is_pointwise(g: Geometry) -> bool:
    return g.filter.area == 1 and not g.padding.height and not g.padding.width and g.stride.area == 1


def _pointwise(g: Geometry, margin: int) -> int:
    channels = align_up(g.source.channels, 8)
    copied = g.source.area * channels if g.source.channels % 8 else 0
    transposed = 16 * channels if g.source.area >= 8 else 0
    return copied + channels * g.output.channels + transposed + margin


def conv_s3(g: Geometry) -> int:
    """CONV_2D on ESP32-S3."""
    margin = 64
    if _is_pointwise(g):
        return _pointwise(g, margin)
    row, window = g.filter.width * g.source.channels, g.filter.area * g.source.channels
    if row < 16 <= window:
        aligned = align_up(window)
        return g.output.channels * 4 + 16 + g.output.channels * aligned + 16 + aligned + margin
    padded = 0
    if g.padding.height or g.padding.width:
        padded = _padded(g, 2 * g.padding.height, 2 * g.padding.width)
    filters = g.filter.area * align_up(g.source.channels) * g.output.channels
    filter_rows = align_up(row) * g.filter.height * g.output.channels
    right, bottom = _beyond(g)
    beyond = _padded(g, bottom, right) if right or bottom else 0
    return padded + filters + filter_rows + beyond + margin + 4 * g.output.channels


def _padded(g: Geometry, rows: int, columns: int) -> int:
    return (g.source.width + columns) * (g.source.height + rows) * g.source.channels


def _beyond(g: Geometry) -> tuple[int, int]:
    """Return how far the last window reaches beyond the input, to the right and to the bottom."""
    right = g.output.width * g.stride.width + g.filter.width - 1 - g.source.width
    bottom = g.output.height * g.stride.height + g.filter.height - 1 - g.source.height
    return max(right, 0), max(bottom, 0)


def depthwise_s3(g: Geometry) -> int:
    """DEPTHWISE_CONV_2D on ESP32-S3."""
    channels = g.source.channels
    filters = g.filter.area * channels * g.multiplier
    if g.multiplier == 1 and channels % 8 == 0:
        return _depthwise_3x3_s3(g, filters) if (g.filter.height, g.filter.width) == (3, 3) else _wide_s3(g, filters)
    if g.multiplier == 1 and channels > 3:
        return _depthwise_padded_channels_s3(g)
    if g.multiplier % 4 == 0:
        return 2 * (filters + g.source.size) + 32
    return 32


def _wide_s3(g: Geometry, filters: int) -> int:
    whole = 2 * (filters + g.source.size)
    if whole <= _S3_WIDE_INPUT:
        return whole + 32
    return 2 * filters + 2 * g.source.width * g.filter.height * g.source.channels + 32


def _depthwise_3x3_s3(g: Geometry, filters: int) -> int:
    channels = g.source.channels
    if channels % 16 == 0:
        rows, columns = 2 * g.padding.height, 2 * g.padding.width
        if not rows and not columns:
            columns = g.output.width * g.stride.width + g.filter.width - 1 - g.source.width
            rows = g.output.height * g.stride.height + g.filter.height - 1 - g.source.height
        if not rows and not columns:
            return filters + 16
        full = _padded(g, rows, columns)
        strip = (g.source.width + columns) * g.filter.height * channels
        return filters + (full if full <= _S3_PADDED_INPUT else strip) + 16
    if channels < 12:
        return 2 * (filters + g.source.size) + 32
    wide = align_up(channels)
    columns = 2 * g.padding.width + max(0, g.output.width * g.stride.width + 2 - g.source.width)
    rows = 2 * g.padding.height + max(0, g.output.height * g.stride.height + 2 - g.source.height)
    return 9 * wide + (g.source.width + columns) * (g.source.height + rows) * wide + g.output.area * wide + 64


def _depthwise_padded_channels_s3(g: Geometry) -> int:
    channels = align_up(g.source.channels, 8)
    source = align_up(g.filter.area * channels * 2)
    output = align_up(source + g.source.area * channels * 2)
    bias = align_up(output + g.output.area * channels)
    return bias + 3 * 4 * channels + 16


def conv_p4(g: Geometry) -> int:
    """CONV_2D on ESP32-P4."""
    margin, sums = 32, 4 * g.output.channels
    if _is_pointwise(g):
        if g.source.channels < 16:
            return sums + 16 * g.output.channels + 32 + margin
        return _pointwise(g, margin)
    is_padded = bool(g.padding.height or g.padding.width)
    filters = g.filter.area * align_up(g.source.channels) * g.output.channels
    window = g.filter.area * g.source.channels
    if not is_padded and g.filter.width * g.source.channels >= 16:
        return filters + margin + sums
    if window >= 16:
        return sums + window + margin
    if not is_padded:
        wide = _wide_channels(g)
        return sums + g.filter.area * wide * g.output.channels + g.source.area * wide + margin
    return _padded_p4(g, filters, sums) + margin + sums


def _wide_channels(g: Geometry) -> int:
    return align_up((16 + g.filter.width - 1) // max(g.filter.width, 1))


def _padded_p4(g: Geometry, filters: int, sums: int) -> int:
    full = _padded(g, 2 * g.padding.height, 2 * g.padding.width)
    if full + sums <= _P4_CACHE_BUDGET:
        return full + filters
    channels, wide_filters = g.source.channels, 0
    if g.filter.width * channels < 16:
        channels = _wide_channels(g)
        wide_filters = g.filter.area * channels * g.output.channels
    row = (g.source.width + 2 * g.padding.width) * channels
    budget, rows = _P4_CACHE_BUDGET - sums - wide_filters, 1
    if 0 < budget >= g.filter.height * row:
        rows = min((budget - g.filter.height * row) // max(g.stride.height * row, 1) + 1, g.output.height)
    return ((rows - 1) * g.stride.height + g.filter.height + 2 * g.padding.height) * row + wide_filters


def _softmax(node: Node) -> None:
    """SOFTMAX: esp-nn takes dimension 1 for the row, whatever the rank."""
    prepare.softmax(node)
    source, output = node.needs(node.input(0), "input"), node.needs(node.output(), "output")
    if source.dtype == output.dtype == "int8":
        shape = node.shape(source)
        if len(shape) < 2:
            node.say_unknown(
                f"esp-nn sizes its scratch buffer by dimension 1, and shape {shape} has none: it is not counted"
            )
        elif shape[1] > 0:
            node.scratch(4 * shape[1], "softmax exponents")


def _with_scratch(prepared: Callable[[Node], None], scratch: Callable[[Geometry], int]) -> Callable[[Node], None]:
    def run(node: Node) -> None:
        prepared(node)
        if node.needs(node.input(0), "input").dtype == "int8" and (size_bytes := scratch(geometry(node))) > 0:
            node.scratch(size_bytes, "copies of filters and inputs")

    return run


def _kernels(conv: Callable[[Geometry], int], depthwise: Callable[[Geometry], int]) -> Mapping[str, Kernel]:
    prepares = {
        "SOFTMAX": _softmax,
        "CONV_2D": _with_scratch(prepare.conv, conv),
        "DEPTHWISE_CONV_2D": _with_scratch(prepare.depthwise_conv, depthwise),
    }
    return REFERENCE | {name: replace(REFERENCE[name], prepare=function) for name, function in prepares.items()}


GENERIC = _kernels(_none, _none)
"""ESP32, ESP32-C3."""
ESP32S3 = _kernels(conv_s3, depthwise_s3)
ESP32P4 = _kernels(conv_p4, _none)
