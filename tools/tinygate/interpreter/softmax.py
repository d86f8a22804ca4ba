"""SOFTMAX in 32-bit fixed point, as TFLM's reference kernel computes it with gemmlowp's exp and reciprocal.

A number with i integer bits is held as an int32 of 31 - i fractional bits, "Qi". Products keep 31 bits: Qa · Qb is
Q(a + b), one saturating rounding doubling high multiplication. All steps are exact integers, vectorised.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.interpreter.rounding import CODES, Int64s
from tinygate.quant.fixed_point import INT32_MAX, INT32_MIN, quantize_multiplier, rounding_divide_by_pot
from tinygate.quant.fixed_point import saturating_rounding_doubling_high_mul as times
from tinygate.tflite.model import Tensor

_DIFFERENCE_BITS = 5  # integer bits of the scaled difference to the largest logit
_SUM_BITS = 12  # integer bits of the sum of exponentials

# e^-1/4, e^-1/2, e^-1, … e^-16 in Q0, for the bits of the exponent from 2^-2 to 2^4
_EXPONENTIALS = (
    (-2, 1672461947),
    (-1, 1302514674),
    (0, 790015084),
    (1, 290630308),
    (2, 39332535),
    (3, 720401),
    (4, 242),
)
_EXP_MINUS_EIGHTH, _THIRD = 1895147668, 715827883  # Q0
_48_OVER_17, _MINUS_32_OVER_17 = 1515870810, -1010580540  # Q2


def softmax(data: NDArray[Any], source: Tensor, result: Tensor, beta: float) -> Int64s:
    """Return the codes of softmax(beta · x) along the last dimension of int8 `data` [N, *source.shape]."""
    real = min(beta * source.scales[0] * (1 << (31 - _DIFFERENCE_BITS)), 2.0**31 - 1)
    multiplier, shift = quantize_multiplier(real)
    radius = math.floor(((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) / (1 << shift))
    x = data.astype(np.int64)
    difference = x - x.max(axis=-1, keepdims=True)
    counts = difference >= -radius
    exponentials = exp_on_negative_values(times(np.where(counts, difference, 0) << shift, multiplier))
    exponentials = np.where(counts, exponentials, 0)
    total = rounding_divide_by_pot(exponentials, _SUM_BITS).sum(axis=-1, keepdims=True)
    reciprocal, over_unit = _reciprocal(total)
    low, high = CODES[result.dtype]
    exponent = over_unit + 31 - (high - low + 1).bit_length() + 1
    codes = rounding_divide_by_pot(times(reciprocal, exponentials), exponent) + low
    return np.where(counts, np.clip(codes, low, high), low)


def exp_on_negative_values(a: Int64s) -> Int64s:
    """Return e^a in Q0 for a ≤ 0 in Q5."""
    fraction_bits = 31 - _DIFFERENCE_BITS
    quarter = 1 << (fraction_bits - 2)
    in_quarter = (a & (quarter - 1)) - quarter
    result = _exp_in_last_quarter(_shift_left(in_quarter, _DIFFERENCE_BITS))
    remainder = in_quarter - a
    for exponent, factor in _EXPONENTIALS:
        result = np.where(remainder & (1 << (fraction_bits + exponent)), times(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _exp_in_last_quarter(a: Int64s) -> Int64s:
    """Return e^a in Q0 for a in [-1/4, 0) in Q0: a Taylor polynomial around -1/8."""
    x = a + (1 << 28)
    x2 = times(x, x)
    x3, x4 = times(x2, x), times(x2, x2)
    tail = rounding_divide_by_pot(times(rounding_divide_by_pot(x4, 2) + x3, _THIRD) + x2, 1)
    return _EXP_MINUS_EIGHTH + times(np.int64(_EXP_MINUS_EIGHTH), x + tail)


def _reciprocal(total: Int64s) -> tuple[Int64s, Int64s]:
    """Return 1 / (total scaled to [1, 2)) in Q0 and the bits that scaling took, for totals in Q12."""
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)  # exact: frexp counts the bits of integers
    over_one = (total << headroom) - (1 << 31)
    half_denominator = over_one + INT32_MAX
    half_denominator = (half_denominator + np.sign(half_denominator) + (half_denominator == 0)) // 2  # all positive
    x = _48_OVER_17 + times(half_denominator, _MINUS_32_OVER_17)
    for _ in range(3):
        one_minus = (1 << 29) - times(half_denominator, x)
        x = x + _shift_left(times(x, one_minus), 2)
    return _shift_left(x, 1), _SUM_BITS - headroom


def _shift_left(a: Int64s, bits: int) -> Int64s:
    """Return a · 2^bits, saturated to 32 bits as gemmlowp does."""
    threshold = (1 << (31 - bits)) - 1
    return np.where(a > threshold, INT32_MAX, np.where(a < -threshold, INT32_MIN, a << bits))
