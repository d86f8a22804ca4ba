"""ADD, QUANTIZE and DEQUANTIZE, as TFLM's reference kernels compute them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.interpreter.rounding import CODES, Int64s, activation_range
from tinygate.quant.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)
from tinygate.quant.rounding import round_half_away
from tinygate.tflite.model import Operator, Tensor

_ADD_SHIFT = {"int8": 20, "int16": 15}


def add(operator: Operator, data: list[NDArray[Any]], sources: list[Tensor], result: Tensor) -> Int64s:
    """Return the codes of a sum of two inputs: both are brought to a common finer scale, added, scaled back.

    The two arrays `data` broadcast to the result's shape.
    """
    shift = _ADD_SHIFT[result.dtype]
    twice = 2 * max(tensor.scales[0] for tensor in sources)
    raised = [
        _times_small((x.astype(np.int64) - tensor.zero_points[0]) << shift, tensor.scales[0] / twice)
        for x, tensor in zip(data, sources, strict=True)
    ]
    total = _times_small(raised[0] + raised[1], twice / ((1 << shift) * result.scales[0]))
    low, high = activation_range(getattr(operator.options, "activation", "NONE"), result)
    return np.clip(total + result.zero_points[0], low, high)


def _times_small(x: Int64s, real: float) -> Int64s:
    """Return x · real for a multiplier below 1: no left shift."""
    q, shift = quantize_multiplier(real)
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(x, q), -shift)


def quantize(data: NDArray[Any], source: Tensor, result: Tensor) -> Int64s:
    """Return the codes of QUANTIZE, in the shape of `data`: from float32, or from other codes by requantization."""
    low, high = CODES[result.dtype]
    zero_point = result.zero_points[0]
    if source.dtype == "float32":
        codes = round_half_away(data.astype(np.float32) / np.float32(result.scales[0])).astype(np.float64)
        return np.clip(codes + zero_point, low, high).astype(np.int64)
    q, shift = quantize_multiplier(source.scales[0] / result.scales[0])
    scaled = multiply_by_quantized_multiplier(data.astype(np.int64) - source.zero_points[0], q, shift)
    return np.clip(scaled + zero_point, low, high)


def dequantize(data: NDArray[Any], source: Tensor) -> NDArray[np.float32]:
    """Return the real values of DEQUANTIZE, in float32 and the shape of `data`."""
    return (np.float32(source.scales[0]) * (data.astype(np.int64) - source.zero_points[0])).astype(np.float32)
