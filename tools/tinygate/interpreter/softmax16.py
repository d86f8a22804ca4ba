"""SOFTMAX of int16 to int16, as TFLM's reference kernel computes it with two interpolated tables of 513 entries."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.interpreter.rounding import Int64s
from tinygate.quant.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from tinygate.quant.rounding import round_half_away
from tinygate.tflite.model import Tensor

LOW, HIGH = -32768, 32767
_RANGE = HIGH - LOW
_STEPS = 512

Floats32 = NDArray[np.float32]


def softmax16(data: NDArray[Any], source: Tensor, beta: float) -> Int64s:
    """Return the codes, Q0.15, of softmax(beta · x) along the last dimension of int16 `data` [N, *source.shape]."""
    multiplier, shift = quantize_multiplier(source.scales[0] * beta / (10.0 / 65535.0))
    x = data.astype(np.int64)
    difference = multiply_by_quantized_multiplier(x - x.max(axis=-1, keepdims=True), multiplier, shift)
    exponentials = _look_up(np.clip(difference + HIGH, LOW, HIGH), _exponential_table())
    total = exponentials.sum(axis=-1, keepdims=True)
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    over_one = (((total << (headroom - 1)) + (1 << 13)) >> 14) - ((1 << 15) + (1 << 16))
    reciprocal = _look_up(np.clip(over_one, LOW, HIGH), _reciprocal_table())
    right = 31 - headroom
    codes: Int64s = np.clip((exponentials * reciprocal + (np.int64(1) << (right - 1))) >> right, 0, HIGH)
    return codes


@cache
def _exponential_table() -> Int64s:
    """e^x for x from -10 to 0."""
    return _table(np.float32(10.0) / np.float32(_RANGE), HIGH, np.exp)


@cache
def _reciprocal_table() -> Int64s:
    """1 / (1 + x) for x from 0 to 1."""
    return _table(np.float32(1.0) / np.float32(_RANGE), LOW, lambda x: np.float32(1.0) / (np.float32(1.0) + x))


def _table(scale: np.float32, zero_point: int, function: Callable[[Floats32], Floats32]) -> Int64s:
    """Return 513 samples of a function in Q0.15, each shifted by half of its interval's error in the middle."""
    low, high = scale * np.float32(LOW - zero_point), scale * np.float32(HIGH - zero_point)
    out_scale = np.float32(2.0) / np.float32(_RANGE)
    inverse = np.float32(_RANGE + 1) / (out_scale * np.float32(HIGH) - out_scale * np.float32(LOW))
    step = (high - low) / np.float32(_STEPS)
    i = np.arange(_STEPS + 1, dtype=np.float32)
    samples = function(low + i * step) * inverse
    middles = round_half_away(function(low + i[:-1] * step + step / np.float32(2)) * inverse)
    rounded = round_half_away(samples)
    interpolated = round_half_away((samples[1:] + rounded[:-1]) / np.float32(2))
    bias = round_half_away((interpolated - middles) / np.float32(2))
    last = round_half_away(np.asarray([function(np.asarray(high)) * inverse], np.float32))
    table: Int64s = np.clip(np.concatenate([rounded[:-1] - bias, last]), LOW, HIGH).astype(np.int64)
    return table


def _look_up(codes: Int64s, table: Int64s) -> Int64s:
    """Return the table's values at int16 codes: 9 bits choose the entry, 7 interpolate."""
    index, offset = 256 + (codes >> 7), codes & 0x7F
    values: Int64s = table[index] + (((table[index + 1] - table[index]) * offset + 64) >> 7)
    return values
