"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED in integers, as TFLM's reference kernels compute them.

Sums are taken in float64 matrix products, which are exact here: accumulators stay below 2^47.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.interpreter.rounding import Int64s, Requantization, activation_range
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflite.options import Conv2DOptions, DepthwiseConv2DOptions
from tinygate.tflm.operators import WEIGHTED

PRODUCTS = tuple(name for name in WEIGHTED if name != "TRANSPOSE_CONV")
"""The operators with weights that are computed here."""

Floats = NDArray[np.float64]


def requantization_of(operator: Operator, tensors: list[Tensor], result: Tensor) -> Requantization:
    """Return the last step of a convolution or matrix product with these input, weights (and bias) tensors."""
    source, weights = tensors[0], tensors[1]
    product = source.scales[0] * np.array(weights.scales, np.float64)
    is_single = operator.name == "FULLY_CONNECTED" and product.size == 1
    float32_product = product.astype(np.float32).astype(np.float64) if is_single else product
    low, high = activation_range(getattr(operator.options, "activation", "NONE"), result)
    is_wide = len(tensors) > 2 and tensors[2].dtype == "int64"
    step, zero_point = result.scales[0], result.zero_points[0]
    return Requantization(product / step, float32_product / step, zero_point, low, high, is_wide)


def accumulate(operator: Operator, tensors: list[Tensor], data: NDArray[Any], result: Tensor) -> Int64s:
    """Return the accumulators [N, *result.shape] for input codes `data` [N, *input shape], bias included."""
    centred = data.astype(np.float64) - tensors[0].zero_points[0]
    weights = tensors[1].array().astype(np.float64)
    if operator.name == "FULLY_CONNECTED":
        rows = centred.reshape(-1, weights.shape[1]) @ weights.T
        sums = rows.reshape(len(data), *result.shape)
    else:
        stacked = centred.reshape(-1, *centred.shape[2:])
        convolve = _convolve if operator.name == "CONV_2D" else _convolve_depthwise
        sums = convolve(stacked, weights, operator.options, result).reshape(len(data), *result.shape)
    accumulators = np.rint(sums).astype(np.int64)
    return accumulators + tensors[2].array().astype(np.int64) if len(tensors) > 2 else accumulators


def _convolve(x: Floats, weights: Floats, options: Any, result: Tensor) -> Floats:
    """Return sums [M, H, W, channels] of x [M, H, W, depth] with weights [channels, h, w, depth / groups]."""
    depth = weights.shape[3]
    groups = x.shape[3] // depth
    per_group = weights.shape[0] // groups
    out = np.zeros((len(x), *result.shape[1:]))
    for y, column, window in _windows(x, weights.shape[1:3], options, result):
        for g in range(groups):
            channels = slice(g * per_group, (g + 1) * per_group)
            taps = weights[channels, y, column]
            out[..., channels] += window[..., g * depth : (g + 1) * depth] @ taps.T
    return out


def _convolve_depthwise(x: Floats, weights: Floats, options: Any, result: Tensor) -> Floats:
    """Return sums [M, H, W, channels] of x [M, H, W, depth] with weights [1, h, w, channels]."""
    multiplier = weights.shape[3] // x.shape[3]
    out = np.zeros((len(x), *result.shape[1:]))
    for y, column, window in _windows(x, weights.shape[1:3], options, result):
        out += np.repeat(window, multiplier, axis=3) * weights[0, y, column]
    return out


def _windows(x: Floats, size: tuple[int, ...], options: Any, result: Tensor) -> Any:
    """Yield for each tap (row, column) of the filter the inputs [M, H, W, depth] that it meets; 0 beyond the edges."""
    if not isinstance(options, Conv2DOptions | DepthwiseConv2DOptions):
        raise ModelFileError("a convolution without options cannot be computed.")
    strides, dilations = (options.stride_h, options.stride_w), (options.dilation_h, options.dilation_w)
    extents = result.shape[1:3]
    before = [pad_before(x.shape[1 + i], size[i], strides[i], dilations[i], extents[i]) for i in (0, 1)]
    reach = [(extents[i] - 1) * strides[i] + (size[i] - 1) * dilations[i] + 1 for i in (0, 1)]
    after = [max(reach[i] - before[i] - x.shape[1 + i], 0) for i in (0, 1)]
    padded = np.pad(x, ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)))
    for y in range(size[0]):
        for column in range(size[1]):
            rows = slice(y * dilations[0], y * dilations[0] + (extents[0] - 1) * strides[0] + 1, strides[0])
            start = column * dilations[1]
            columns = slice(start, start + (extents[1] - 1) * strides[1] + 1, strides[1])
            yield y, column, padded[:, rows, columns]


def pad_before(size: int, window: int, stride: int, dilation: int, extent: int) -> int:
    """Return how many zeros TFLM puts before the first element of a dimension."""
    return max((extent - 1) * stride + (window - 1) * dilation + 1 - size, 0) // 2
