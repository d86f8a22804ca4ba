"""The one rounding that host and firmware agree on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def round_half_away(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return `values` rounded to integers, halves away from zero, in their own type and shape: C's `round`, TFLM's.

    NumPy's `round` takes halves to the even neighbour instead. Adding 0.5 and truncating would be wrong for
    0.49999997, whose sum with 0.5 is not representable.
    """
    magnitude = np.abs(values)
    whole = np.floor(magnitude)
    rounded: NDArray[np.floating[Any]] = np.copysign(whole + (magnitude - whole >= 0.5), values).astype(values.dtype)
    return rounded
