"""TFLM's integer requantization, bit for bit: how a 32-bit accumulator becomes an 8-bit code without floating point.

A real multiplier M = s_in · s_w / s_out is held as a 31-bit fraction and a power of two, M ≈ q · 2^(shift - 31), and
applied with two roundings ("double rounding", TFLM's default; builds with TFLITE_SINGLE_ROUNDING differ by at most 1).

Sources: gemmlowp fixedpoint.h; TFLM kernels/internal/common.cc and quantization_util.cc. NumPy only; every function
takes scalars or arrays, computes in int64 and is exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.errors import DataError
from tinygate.quant.rounding import round_half_away

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1
_FRACTION_BITS = 31
_SMALLEST_SHIFT = -31

Int64s = NDArray[np.int64]


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Return (q, shift) with real ≈ q · 2^(shift - 31) and |q| in [2^30, 2^31): TFLM's QuantizeMultiplier.

    Multipliers below 2^-32 become (0, 0): every result is then 0, which the audit calls an error.

    Raises:
        DataError: NaN or infinite, which TFLM turns into undefined behaviour.
    """
    q, shift = quantize_multipliers(real)
    return int(q), int(shift)


def quantize_multipliers(real: ArrayLike) -> tuple[Int64s, Int64s]:
    """Return `quantize_multiplier` of each element, as two int64 arrays of the same shape.

    Exact: a float64 holds a 31-bit fraction and its half.
    """
    values = np.asarray(real, np.float64)
    if not np.isfinite(values).all():
        raise DataError(
            "a multiplier of NaN or infinity cannot be held in fixed point; scales must be positive and finite."
        )
    fraction, exponent = np.frexp(values)
    q = round_half_away(fraction * (1 << _FRACTION_BITS)).astype(np.int64)
    shift = exponent.astype(np.int64)
    is_one = np.abs(q) == 1 << _FRACTION_BITS
    q, shift = np.where(is_one, q // 2, q), shift + is_one
    vanishes = (q == 0) | (shift < _SMALLEST_SHIFT)
    return np.where(vanishes, 0, q), np.where(vanishes, 0, shift)


def saturating_rounding_doubling_high_mul(a: ArrayLike, b: ArrayLike) -> Int64s:
    """Return (a · b) / 2^31 rounded to nearest, int32 operands of shapes that broadcast; INT32_MIN² gives INT32_MAX.

    Halves go away from zero for positive products, towards zero for negative ones: gemmlowp's nudge, then division that
    truncates.
    """
    x, y = _int32(a, "a"), _int32(b, "b")
    product = x * y
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high: Int64s = np.sign(nudged) * (np.abs(nudged) >> _FRACTION_BITS)  # truncates, as C does
    saturated: Int64s = np.minimum(high, INT32_MAX)
    return saturated


def rounding_divide_by_pot(x: ArrayLike, exponent: ArrayLike) -> Int64s:
    """Return x / 2^exponent rounded to nearest, halves away from zero. `exponent` in [0, 31].

    Raises:
        DataError: an exponent outside [0, 31].
    """
    value, power = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    if ((power < 0) | (power > 31)).any():
        raise DataError("a right shift outside [0, 31]; TFLM's int32 arithmetic ends there.")
    mask = (np.int64(1) << power) - 1
    threshold = (mask >> 1) + (value < 0)
    quotient: Int64s = (value >> power) + ((value & mask) > threshold)
    return quotient


def multiply_by_quantized_multiplier(x: ArrayLike, q: ArrayLike, shift: ArrayLike) -> Int64s:
    """Return x · q · 2^(shift - 31) with TFLM's double rounding, for int32 `x`; shapes broadcast.

    Raises:
        DataError: x · 2^shift leaves 32 bits for a positive shift; TFLM's result is undefined there.
    """
    power = np.asarray(shift, np.int64)
    left, right = np.maximum(power, 0), np.maximum(-power, 0)
    shifted = _int32(np.asarray(x, np.int64) << np.minimum(left, 31), "x · 2^shift")
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, q), right)


def multiply_by_quantized_multiplier_int64(x: ArrayLike, q: ArrayLike, shift: ArrayLike) -> Int64s:
    """Return x · q · 2^(shift - 31) for the 64-bit accumulators of 16x8 models: 15-bit multiplier, one rounding.

    Raises:
        DataError: |x| reaches 2^47 or shift leaves [-31, 7]: outside TFLM's contract.
    """
    value, power, wide = np.asarray(x, np.int64), np.asarray(shift, np.int64), np.asarray(q, np.int64)
    if (np.abs(value) >= 1 << 47).any() or ((power < -31) | (power > 7)).any():
        raise DataError("an accumulator beyond 47 bits or a shift outside [-31, 7]: outside TFLM's contract.")
    reduced = np.where(wide < 0x7FFF0000, (wide + (1 << 15)) >> 16, 0x7FFF)
    total = 15 - power
    scaled: Int64s = (value * reduced + (np.int64(1) << (total - 1))) >> total
    return scaled


def _int32(values: ArrayLike, what: str) -> Int64s:
    wide = np.asarray(values, np.int64)
    if wide.size and (wide.min() < INT32_MIN or wide.max() > INT32_MAX):
        raise DataError(f"{what} leaves 32 bits; TFLM's result is undefined there.")
    return wide
