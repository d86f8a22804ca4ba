"""From accumulator to output code: TFLM's way, and the ways that other runtimes take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tinygate.quant.fixed_point import (
    multiply_by_quantized_multiplier,
    multiply_by_quantized_multiplier_int64,
    quantize_multipliers,
)
from tinygate.quant.rounding import round_half_away
from tinygate.tflite.model import Tensor

Int64s = NDArray[np.int64]
CODES = {"int8": (-128, 127), "int16": (-32768, 32767)}


class Rounding(StrEnum):
    """How a product with the real multiplier is rounded to an integer."""

    DOUBLE = "double"
    """Two roundings in 31-bit fixed point: TFLM and esp-nn."""
    FLOAT32_SCALES = "float32-scales"
    """As DOUBLE, with the scales of a FULLY_CONNECTED of one weight scale multiplied in float32: esp-tflite-micro 1.4
    and TFLM until 2026, whose multiplier may differ from the pinned TFLM's in its last bits."""
    SINGLE = "single"
    """One rounding in 31-bit fixed point, halves up: builds with TFLITE_SINGLE_ROUNDING."""
    FLOAT = "float"
    """In float64, halves away from zero: LiteRT's reference FULLY_CONNECTED."""


@dataclass(frozen=True)
class Requantization:
    """The last step of an integer kernel.

    Attributes:
        multipliers: real multiplier per output channel (the last dimension), or one for all.
        float32_multipliers: the same with the product of scales taken in float32 where older TFLM does.
        zero_point: of the output.
        low, high: smallest and largest code after the fused activation.
        is_wide: 64-bit accumulators (16x8 models): a 15-bit multiplier and one rounding.
    """

    multipliers: NDArray[np.float64]
    float32_multipliers: NDArray[np.float64]
    zero_point: int
    low: int
    high: int
    is_wide: bool = False

    def scale(self, accumulators: Int64s, rounding: Rounding) -> Int64s:
        """Return accumulators in output steps, before zero point and clamping.

        Raises:
            DataError: an accumulator leaves the bits that the kernel has for it.
        """
        if rounding is Rounding.FLOAT:
            return round_half_away(accumulators * self.multipliers).astype(np.int64)
        is_old = rounding is Rounding.FLOAT32_SCALES
        q, shift = quantize_multipliers(self.float32_multipliers if is_old else self.multipliers)
        if self.is_wide:
            return multiply_by_quantized_multiplier_int64(accumulators, q, shift)
        if rounding is Rounding.SINGLE:
            total = 31 - shift
            return np.asarray((accumulators * q + (np.int64(1) << (total - 1))) >> total)
        return multiply_by_quantized_multiplier(accumulators, q, shift)

    def __call__(self, accumulators: Int64s, rounding: Rounding) -> Int64s:
        """Return output codes; see `scale` for errors."""
        codes: Int64s = np.clip(self.scale(accumulators, rounding) + self.zero_point, self.low, self.high)
        return codes


def activation_range(activation: str, result: Tensor) -> tuple[int, int]:
    """Return the codes between which a fused activation clamps, computed in float32 as TFLM does."""
    low, high = CODES[result.dtype]
    scale, zero_point = np.float32(result.scales[0]), result.zero_points[0]

    def code(real: float) -> int:
        return zero_point + int(round_half_away(np.asarray(np.float32(real) / scale)))

    ends = {"RELU": (0.0, None), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0)}.get(activation, (None, None))
    return (
        low if ends[0] is None else max(low, code(ends[0])),
        high if ends[1] is None else min(high, code(ends[1])),
    )
