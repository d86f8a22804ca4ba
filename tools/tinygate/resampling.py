"""The 95 % interval of what a model loses against another, for any metric: a paired cluster bootstrap.

Whole recordings are drawn with replacement, the same for both models. Percentile intervals alone are too narrow with
few recordings: the interval is at least Student's t with clusters - 1 degrees of freedom times the bootstrap's standard
error, and that error is at least what four windows that change sides would give, so that "no difference seen" never
means "no difference".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.paired import PSEUDO_FLIPS, student_quantile, verdict_of_interval
from tinygate.verdict import Verdict

RESAMPLES = 2_000
CHUNK = 4_000_000  # weights held at a time
MOST_UNDEFINED = 0.1

Statistic = Callable[[NDArray[Any]], NDArray[np.float64]]


@dataclass(frozen=True)
class Loss:
    """What a candidate loses against a reference, in the metric's unit; positive is worse, whatever the direction.

    Attributes:
        low, high: 95 % interval; infinite with fewer than two clusters, or when the metric has no value on too many
            resamplings.
        windows, clusters: how many windows, and recordings that they come from.
    """

    loss: float
    low: float
    high: float
    windows: int
    clusters: int

    def verdict(self, margin: float) -> Verdict:
        """PASS when the whole interval lies below the margin, FAIL when it lies above, else INCONCLUSIVE."""
        return verdict_of_interval(self.low, self.high, margin)

    def windows_needed(self, margin: float) -> int | None:
        """Return with how many windows an interval around the loss seen would lie on one side of the margin.

        More than there are, always; None when more windows of the same kind would hardly help: one cluster, or a loss
        that is the margin itself.
        """
        half = self.high - self.loss if self.loss < margin else self.loss - self.low
        if not math.isfinite(half) or abs(margin - self.loss) < half / 30:
            return None
        return max(self.windows + 1, math.ceil(self.windows * (half / (margin - self.loss)) ** 2))


def paired_loss(
    reference: Statistic,
    candidate: Statistic,
    clusters: NDArray[Any],
    *,
    at_most: bool,
    smallest_step: float,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Loss:
    """Return what the candidate loses, with its interval.

    Args:
        reference, candidate: the metric of both on the same windows, as functions of weights [R, N].
        clusters: recording of each window, [N].
        at_most: whether a smaller value is better.
        smallest_step: what one window that changes sides moves the metric by; 0 for errors of real numbers.
        seed, resamples: of the bootstrap.
    """
    count = len(clusters)
    sign = 1.0 if at_most else -1.0
    seen = sign * float((candidate(np.ones((1, count))) - reference(np.ones((1, count))))[0])
    groups, members = np.unique(clusters, return_inverse=True)
    shape = (count, len(groups))
    if len(groups) < 2 or math.isnan(seen):
        return Loss(seen, -math.inf, math.inf, *shape)
    drawn = np.concatenate(
        [
            sign * (candidate(weights) - reference(weights))
            for weights in _weights(members, len(groups), seed, resamples)
        ]
    )
    defined = drawn[np.isfinite(drawn)]
    if len(defined) < (1 - MOST_UNDEFINED) * len(drawn):
        return Loss(seen, -math.inf, math.inf, *shape)
    error = float(defined.std()) * math.sqrt(len(groups) / (len(groups) - 1))
    half = student_quantile(0.975, len(groups) - 1) * max(error, math.sqrt(PSEUDO_FLIPS) * smallest_step)
    low, high = (float(q) for q in np.quantile(defined, [0.025, 0.975]))
    return Loss(seen, min(low, seen - half), max(high, seen + half), *shape)


def _weights(members: NDArray[np.int64], groups: int, seed: int, resamples: int) -> Iterator[NDArray[np.int64]]:
    generator, even = np.random.default_rng(seed), np.full(groups, 1 / groups)
    size = max(1, CHUNK // len(members))
    for start in range(0, resamples, size):
        yield generator.multinomial(groups, even, min(size, resamples - start))[:, members]
