"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN in integers, as TFLM's reference kernels compute them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.interpreter.products import pad_before
from tinygate.interpreter.rounding import CODES, Int64s, activation_range
from tinygate.quant.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflite.options import Pool2DOptions


def pool(operator: Operator, data: NDArray[Any], result: Tensor) -> Int64s:
    """Return the codes of a pool over `data` [N, 1, H, W, C]; windows at the edges count their real elements only."""
    options = operator.options
    if not isinstance(options, Pool2DOptions):
        raise ModelFileError("a pool without options cannot be computed.")
    x = data.astype(np.int64).reshape(-1, *data.shape[2:])
    takes_largest = operator.name == "MAX_POOL_2D"
    windows, inside = _windows(x, options, result, fill=np.iinfo(np.int64).min if takes_largest else 0)
    if takes_largest:
        codes = windows.max(axis=0)
    else:
        counts = inside.sum(axis=0)
        sums = windows.sum(axis=0)
        half = counts // 2
        codes = _divide(np.where(sums > 0, sums + half, sums - half), counts)
    low, high = activation_range(options.activation, result)
    clipped: Int64s = np.clip(codes, low, high).reshape(len(data), *result.shape)
    return clipped


def _divide(numerator: Int64s, denominator: Int64s) -> Int64s:
    """Return the quotient truncated towards zero, as in C."""
    quotient: Int64s = np.sign(numerator) * (np.abs(numerator) // denominator)
    return quotient


def _windows(x: Int64s, options: Pool2DOptions, result: Tensor, fill: int) -> tuple[Int64s, Int64s]:
    """Return the elements that each tap meets, [taps, M, H, W, C], and which of them exist, [taps, 1, H, W, 1]."""
    strides, size = (options.stride_h, options.stride_w), (options.filter_h, options.filter_w)
    extents = result.shape[1:3]
    before = [pad_before(x.shape[1 + i], size[i], strides[i], 1, extents[i]) for i in (0, 1)]
    after = [max((extents[i] - 1) * strides[i] + size[i] - before[i] - x.shape[1 + i], 0) for i in (0, 1)]
    edges = ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0))
    padded = np.pad(x, edges, constant_values=fill)
    exists = np.pad(np.ones((1, *x.shape[1:3], 1), np.int64), edges)
    taps, there = [], []
    for y in range(size[0]):
        for column in range(size[1]):
            rows = slice(y, y + (extents[0] - 1) * strides[0] + 1, strides[0])
            columns = slice(column, column + (extents[1] - 1) * strides[1] + 1, strides[1])
            taps.append(padded[:, rows, columns])
            there.append(exists[:, rows, columns])
    return np.stack(taps), np.stack(there)


def mean(data: NDArray[Any], source: Tensor, axes: NDArray[Any], result: Tensor) -> Int64s:
    """Return the codes of MEAN over `axes` of `data` [N, *source.shape].

    TFLM folds 1/count into the fixed-point multiplier: (q << shift) / count, truncated, where 2^shift ≤ count.
    """
    rank = len(source.shape)
    dimensions = tuple(sorted({int(axis) % rank for axis in axes.reshape(-1)}))
    count = math.prod(source.shape[d] for d in dimensions)
    sums = data.astype(np.int64).sum(axis=tuple(d + 1 for d in dimensions))
    q, output_shift = quantize_multiplier(source.scales[0] / result.scales[0])
    shift = min(count.bit_length() - 1, 32, 31 + output_shift)
    multiplier = (q << shift) // count
    scaled = multiply_by_quantized_multiplier(sums - source.zero_points[0] * count, multiplier, output_shift - shift)
    return np.clip(scaled + result.zero_points[0], *CODES[result.dtype]).reshape(len(data), *result.shape)
