"""One figure over many runs: where its level changed, and whether it drifts. It advises and never gates.

Change points are found by an exact search for the segments that cost least (ruptures), at a penalty that noise alone
does not pay; the drift is Theil and Sen's slope since the last of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygate.extras import require

LEAST_RUNS = 8
"""Fewer have no history."""

_SHORTEST = 3  # runs that make a level
_PENALTY = 4.0
_SPIKE = 3.0  # standard deviations from its neighbours that a run may be off before it is cut
_RESOLUTION = 5e-4  # of the median: what noise is at least taken to be, for clocks that tick in whole microseconds
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Change:
    """A change of level.

    Attributes:
        first: number of the first run of the new level, from 0.
        before, after: medians of the levels.
    """

    first: int
    before: float
    after: float

    @property
    def percent(self) -> float:
        """By how much, in percent of the level before."""
        return 100 * (self.after - self.before) / abs(self.before) if self.before else math.inf


@dataclass(frozen=True)
class Drift:
    """A slope that is not zero: percent of the level per 100 runs, with its 95 % interval."""

    percent: float
    low: float
    high: float


def changes(values: Sequence[float], exact: bool = False) -> list[Change]:
    """Return where the level changed, oldest first.

    Args:
        values: a figure, run by run.
        exact: whether it is the same in every run of the same firmware, so that every difference is one.
    """
    series = np.asarray(values, np.float64)
    if len(series) < LEAST_RUNS or np.all(series == series[0]):
        return []
    require("ruptures", "the history of a figure cannot be searched for changes")
    from ruptures import KernelCPD

    noise = _noise(series, exact)
    scaled = (_without_spikes(series, noise) / noise).reshape(-1, 1)
    penalty = _PENALTY * math.log(len(series))
    ends = KernelCPD(kernel="linear", min_size=_SHORTEST).fit(scaled).predict(pen=penalty)
    levels = [float(np.median(series[begin:end])) for begin, end in zip([0, *ends], ends, strict=False)]
    return [Change(int(end), old, new) for end, old, new in zip(ends, levels, levels[1:], strict=False)]


def drift(values: Sequence[float]) -> Drift | None:
    """Return how a level drifts; None if its interval holds zero, or there are too few runs to say."""
    series = np.asarray(values, np.float64)
    level = float(np.median(series)) if len(series) else 0.0
    if len(series) < LEAST_RUNS or not level:
        return None
    from scipy.stats import theilslopes

    slope = theilslopes(series, alpha=0.95)
    percent, low, high = (100 * 100 * float(value) / abs(level) for value in (slope[0], slope[2], slope[3]))
    return None if low <= 0 <= high else Drift(percent, low, high)


def _without_spikes(series: NDArray[np.float64], noise: float) -> NDArray[np.float64]:
    """Return values no further from the median of five neighbours than noise reaches: a single run is no level."""
    reach = _SHORTEST - 1
    neighbours = np.lib.stride_tricks.sliding_window_view(np.pad(series, reach, mode="reflect"), 2 * reach + 1)
    middle = np.median(neighbours, axis=1)
    return np.clip(series, middle - _SPIKE * noise, middle + _SPIKE * noise)


def _noise(series: NDArray[np.float64], exact: bool) -> float:
    """Return the standard deviation between neighbours, which changes of level hardly move."""
    steps = float(np.median(np.abs(np.diff(series)))) * _MAD_TO_SD / math.sqrt(2)
    least = 1e-9 if exact else _RESOLUTION
    return max(steps, least * abs(float(np.median(series))), 1e-12)
