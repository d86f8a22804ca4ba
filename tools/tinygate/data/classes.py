"""Which class an output stands for: one rule, for host and board, for pinning, comparing and judging."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5


def classes_of(outputs: NDArray[Any], threshold: float = THRESHOLD) -> NDArray[np.int64]:
    """Return the class of each window's real outputs [N, ...]: that of the largest value, ties to the lowest index.

    A single value is the probability of class 1: class 1 above `threshold`, in real units and never in codes. Of a
    model with several outputs the first one decides.
    """
    values = outputs.reshape(len(outputs), -1)
    if values.shape[1] == 1:
        return (values[:, 0] > threshold).astype(np.int64)
    chosen: NDArray[np.int64] = values.argmax(axis=1)
    return chosen


def class_count(values_per_window: int) -> int:
    """Return how many classes an output of so many values tells apart: a single probability tells two."""
    return max(2, values_per_window)
