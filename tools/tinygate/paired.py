"""Is the candidate less accurate than the reference by more than a margin? Paired statistics on the same windows.

Both models judge the same windows, so only windows on which exactly one of them is right carry evidence. Windows of one
recording are not independent: recordings, not windows, are resampled.

The interval of the drop is a studentized cluster bootstrap (bootstrap-t) kept from being too sure of itself in three
ways, because plain percentile intervals undercover badly with few recordings and rare flips:

* its quantiles are never closer to zero than Student's t with clusters - 1 degrees of freedom;
* its error is never smaller than that of independent windows: losses spread evenly over recordings by chance;
* its variance counts four flips more than were seen, so that with no flip at all among N independent windows the half
  width is 4/N, a little above Clopper and Pearson's exact 3.7/N: "no flip in 300" does not mean "no drop".

Simulated coverage at nominal 95 % is in tools/tests/quant/test_statistics.py. What no interval can see is a rare event
that takes whole recordings with it and is absent from the sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.errors import DataError
from tinygate.verdict import Verdict

RESAMPLES = 10_000
CONFIDENCE = 0.95
PSEUDO_FLIPS = 4.0
_Z_95, _Z_80 = 1.6448536269514722, 0.8416212335729143  # one-sided 5 % error, 80 % power


@dataclass(frozen=True)
class PairedComparison:
    """Accuracy of a candidate against a reference on the same windows. Points are per cent of windows.

    Attributes:
        windows: number of windows; clusters: number of recordings they come from.
        drop_points: accuracy of the reference minus that of the candidate; positive is worse.
        low_points, high_points: 95 % interval of the drop; ±100 with fewer than two clusters.
        lost: windows that only the reference gets right (McNemar's b); gained: only the candidate (c).
        flips: windows on which the two predict different classes, right or wrong.
        p_value: exact two-sided McNemar test of lost = gained, which takes windows as independent.
        worst_class: the class that loses most accuracy; worst_class_drop_points: how much.
        verdict: PASS if high_points < margin, FAIL if low_points > margin, else INCONCLUSIVE.
        windows_needed: windows with which a candidate that truly loses nothing would be told from one that loses the
            margin, see `windows_needed`, at the discordance and clustering seen here. When these windows did not
            decide, more than there are: at least as many as would with the drop and the interval seen here.
    """

    windows: int
    clusters: int
    drop_points: float
    low_points: float
    high_points: float
    lost: int
    gained: int
    flips: int
    p_value: float
    worst_class: int
    worst_class_drop_points: float
    margin_points: float
    verdict: Verdict
    windows_needed: int


def compare_paired(
    labels: ArrayLike,
    reference_predictions: ArrayLike,
    candidate_predictions: ArrayLike,
    clusters: ArrayLike,
    margin_points: float,
    seed: int = 0,
) -> PairedComparison:
    """Compare predicted classes of two models on the same windows; arguments [N], integer; `clusters` names recordings.

    Raises:
        DataError: no windows, lengths that differ, or a margin that is not positive.
    """
    truth, before, after, groups = (
        np.asarray(a) for a in (labels, reference_predictions, candidate_predictions, clusters)
    )
    if not (truth.shape == before.shape == after.shape == groups.shape) or truth.ndim != 1 or not len(truth):
        raise DataError(f"labels, predictions and clusters of shapes {truth.shape}, {before.shape}, {after.shape}, "
                        f"{groups.shape}; expected one value of each per window.")  # fmt: skip
    if not margin_points > 0:
        raise DataError(f"a margin of {margin_points} points; expected more than 0.")
    loss = (before == truth).astype(np.int64) - (after == truth)
    sizes, losses = _per_cluster(loss, groups)
    low, high = drop_interval(sizes, losses, int(np.abs(loss).sum()), seed)
    lost, gained = int((loss > 0).sum()), int((loss < 0).sum())
    worst_class, worst_drop = _worst_class(truth, loss)
    return PairedComparison(
        windows=len(truth),
        clusters=len(sizes),
        drop_points=100 * float(loss.mean()),
        low_points=100 * low,
        high_points=100 * high,
        lost=lost,
        gained=gained,
        flips=int((before != after).sum()),
        p_value=mcnemar_exact(lost, gained),
        worst_class=worst_class,
        worst_class_drop_points=100 * worst_drop,
        margin_points=margin_points,
        verdict=verdict_of_interval(100 * low, 100 * high, margin_points),
        windows_needed=_windows_that_decide(loss, sizes, losses, margin_points / 100, (low, high)),
    )


def mcnemar_exact(lost: int, gained: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: twice the smaller binomial tail at 1/2, at most 1."""
    n, smaller = lost + gained, min(lost, gained)
    term = tail = 1
    for k in range(1, smaller + 1):
        term = term * (n - k + 1) // k
        tail += term
    return min(1.0, 2 * tail / 2**n) if n else 1.0


def windows_needed(discordant_rate: float, margin: float) -> int:
    """Return the windows needed to tell "no drop" from "a drop of `margin`", one-sided 5 % error, 80 % power.

    With ψ the rate of windows that one model alone gets right, a window's loss has variance ψ under no drop and ψ - δ²
    under a drop of δ. The two normal distributions of the mean are apart far enough when
    z_95·√(ψ/n) + z_80·√((ψ - δ²)/n) = δ (Connor 1987), hence n ≈ (1.645 + 0.842)²·ψ/δ² ≈ 6.18·ψ/δ².
    Rates are fractions, not points. Windows count as independent.
    """
    spread = _Z_95 * math.sqrt(discordant_rate) + _Z_80 * math.sqrt(max(discordant_rate - margin**2, 0.0))
    return math.ceil((spread / margin) ** 2)


def drop_interval(
    sizes: NDArray[np.int64], losses: NDArray[np.int64], discordant: int, seed: int, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Return the 95 % interval of the drop, as fractions.

    Args:
        sizes, losses: windows and net losses (lost - gained) of each cluster, [G].
        discordant: windows that exactly one model gets right, lost + gained.
        seed, resamples: of the bootstrap.
    """
    count, total = len(sizes), int(sizes.sum())
    if count < 2:
        return -1.0, 1.0
    drop = losses.sum() / total
    clustered = _standard_error(count, total, *_moments(sizes, losses), drop)
    error = max(clustered, math.sqrt(discordant - total * drop**2 + PSEUDO_FLIPS) / total)
    pivots = _resampled_pivots(sizes, losses, drop, seed, resamples)
    alpha = (1 - CONFIDENCE) / 2
    left, right = np.quantile(pivots, [alpha, 1 - alpha])
    student = student_quantile(1 - alpha, count - 1)
    return max(-1.0, float(drop - max(right, student) * error)), min(1.0, float(drop + max(-left, student) * error))


def _resampled_pivots(
    sizes: NDArray[np.int64], losses: NDArray[np.int64], drop: float, seed: int, resamples: int
) -> NDArray[Any]:
    """Return (drop* - drop) / error* of resampled clusters; clusters alike in size and loss are drawn as one kind."""
    kinds, counts = np.unique(np.stack([sizes, losses]), axis=1, return_counts=True)
    n, d = kinds
    draws = np.random.default_rng(seed).multinomial(len(sizes), counts / counts.sum(), resamples)
    total = draws @ n
    resampled = (draws @ d) / total
    moments = (draws @ (d * d), draws @ (d * n), draws @ (n * n))
    pivots: NDArray[Any] = (resampled - drop) / _standard_error(len(sizes), total, *moments, resampled)
    return pivots


def _moments(sizes: NDArray[np.int64], losses: NDArray[np.int64]) -> tuple[int, int, int]:
    return int((losses * losses).sum()), int((losses * sizes).sum()), int((sizes * sizes).sum())


def _standard_error(clusters: int, total: Any, dd: Any, dn: Any, nn: Any, drop: Any) -> Any:
    """Return the cluster-robust error of a ratio, from Σd², Σdn, Σn² over clusters, with PSEUDO_FLIPS added."""
    squares = np.maximum(dd - 2 * drop * dn + drop**2 * nn, 0.0)
    return np.sqrt(squares * clusters / (clusters - 1) + PSEUDO_FLIPS) / total


def student_quantile(probability: float, degrees: int) -> float:
    """Return a quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, probability))


def _per_cluster(loss: NDArray[np.int64], groups: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, members = np.unique(groups, return_inverse=True)
    sizes = np.bincount(members)
    return sizes, np.bincount(members, weights=loss).astype(np.int64)


def _worst_class(truth: NDArray[Any], loss: NDArray[np.int64]) -> tuple[int, float]:
    classes, members = np.unique(truth, return_inverse=True)
    drops = np.bincount(members, weights=loss) / np.bincount(members)
    worst = int(drops.argmax())
    return int(classes[worst]), float(drops[worst])


def verdict_of_interval(low: float, high: float, margin: float) -> Verdict:
    """PASS when the whole interval lies below the margin, FAIL when it lies above, else INCONCLUSIVE."""
    if high < margin:
        return Verdict.PASS
    return Verdict.FAIL if low > margin else Verdict.INCONCLUSIVE


def _windows_that_decide(
    loss: NDArray[np.int64],
    sizes: NDArray[np.int64],
    losses: NDArray[np.int64],
    margin: float,
    interval: tuple[float, float],
) -> int:
    planned, drop = _windows_needed_here(loss, sizes, losses, margin), float(loss.mean())
    if verdict_of_interval(*interval, margin) is not Verdict.INCONCLUSIVE:
        return planned
    half = interval[1] - drop if drop < margin else drop - interval[0]
    at_the_margin = len(sizes) < 2 or abs(margin - drop) < half / 30  # then no number of windows is sure to decide
    more = 0 if at_the_margin else math.ceil(len(loss) * (half / (margin - drop)) ** 2)
    return max(planned, len(loss) + 1, more)


def _windows_needed_here(
    loss: NDArray[np.int64], sizes: NDArray[np.int64], losses: NDArray[np.int64], margin: float
) -> int:
    """Return `windows_needed` at the rate seen (one discordant window at least) times the design effect of clusters."""
    discordant = max(int(np.abs(loss).sum()), 1)
    drop = float(loss.mean())
    independent = float(((loss - drop) ** 2).sum())
    clustered = float(((losses - drop * sizes) ** 2).sum())
    design_effect = max(1.0, clustered / independent) if independent else 1.0
    at_least = 2 * math.sqrt(PSEUDO_FLIPS) / margin  # fewer cannot pass even with no flip at all
    return math.ceil(max(at_least, windows_needed(discordant / len(loss), margin) * design_effect))
