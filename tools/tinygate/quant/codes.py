"""Real values to the codes of an input tensor, as host and firmware both do it: in float32, saturating, total."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.quant.rounding import round_half_away


def input_codes(values: NDArray[Any], scale: float, zero_point: int, dtype: str) -> NDArray[Any]:
    """Return clip(round(x / scale) + zero_point) in an integer type, same shape.

    Division and rounding are done in float32, halves away from zero, as on the chip. Infinity saturates; NaN, for which
    there is no code, gives the zero point, the code of 0.
    """
    limits = np.iinfo(dtype)
    with np.errstate(all="ignore"):
        real = np.asarray(values, np.float32)
        steps = round_half_away(real / np.float32(scale)).astype(np.float64)
    codes = np.where(np.isnan(real), 0.0, steps) + zero_point
    clipped: NDArray[Any] = np.clip(codes, limits.min, limits.max).astype(limits.dtype)
    return clipped
