"""The paired comparison: against scipy, against exact intervals, and its coverage by simulation."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from tinygate.errors import DataError
from tinygate.paired import PairedComparison, compare_paired, drop_interval, mcnemar_exact, windows_needed
from tinygate.verdict import Verdict


def compare(lost: int, gained: int, windows: int, recordings: int = 40, margin: float = 2.0) -> PairedComparison:
    """Two models that are both right but for `lost` and `gained` windows, spread evenly over recordings."""
    labels = np.zeros(windows, int)
    reference, candidate = labels.copy(), labels.copy()
    candidate[:lost] = 1
    reference[lost : lost + gained] = 1
    return compare_paired(labels, reference, candidate, np.arange(windows) % recordings, margin, seed=0)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test(lost: int, gained: int) -> None:
    expected = stats.binomtest(lost, lost + gained).pvalue if lost + gained else 1.0
    assert mcnemar_exact(lost, gained) == pytest.approx(expected, rel=1e-9)


def test_lost_gained_flips_and_drop_are_counted() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2])
    reference, candidate = np.array([0, 0, 1, 0, 0, 2]), np.array([0, 1, 1, 1, 1, 2])
    result = compare_paired(labels, reference, candidate, np.arange(6), 2.0)
    assert (result.lost, result.gained, result.flips, result.drop_points) == (1, 1, 3, 0.0)


def test_the_worst_class_is_found_where_the_mean_hides_it() -> None:
    labels = np.repeat([3, 5, 8], 100)
    candidate = np.where(np.arange(300) % 100 < 11, 3, labels)  # class 3 stays right
    result = compare_paired(labels, labels, np.where(labels == 8, candidate, labels), np.arange(300) % 40, 2.0)
    assert result.worst_class == 8
    assert result.worst_class_drop_points == pytest.approx(11.0)


@pytest.mark.parametrize(
    ("lost", "windows", "verdict"),
    [
        (2, 2000, Verdict.PASS),
        (150, 2000, Verdict.FAIL),
        (33, 2000, Verdict.INCONCLUSIVE),
        (0, 100, Verdict.INCONCLUSIVE),
    ],
)
def test_the_interval_decides_the_verdict(lost: int, windows: int, verdict: Verdict) -> None:
    result = compare(lost, 0, windows)
    assert result.verdict is verdict
    assert result.low_points <= result.drop_points <= result.high_points


def test_no_flip_in_300_windows_does_not_mean_no_drop() -> None:
    assert compare(0, 0, 300).high_points > 0.99  # Clopper and Pearson's exact bound


def test_one_recording_decides_nothing() -> None:
    result = compare(0, 0, 5000, recordings=1)
    assert (result.low_points, result.high_points, result.verdict) == (-100, 100, Verdict.INCONCLUSIVE)


def test_losses_that_cluster_widen_the_interval_and_need_more_windows() -> None:
    labels, recordings = np.zeros(2000, int), np.repeat(np.arange(40), 50)
    scattered = np.where(np.arange(2000) % 50 == 0, 1, 0)
    clustered = np.where(recordings == 7, np.arange(2000) % 50 < 40, 0)
    one, other = (compare_paired(labels, labels, c, recordings, 2.0) for c in (scattered, clustered))
    assert one.lost == other.lost == 40
    assert other.high_points > 1.5 * one.high_points
    assert other.windows_needed > 5 * one.windows_needed


def test_with_independent_windows_the_interval_is_close_to_the_normal_one() -> None:
    result = compare(60, 40, 4000, recordings=4000)
    half = 100 * 1.96 * np.sqrt((100 / 4000 - (20 / 4000) ** 2) / 4000)
    assert result.high_points == pytest.approx(0.5 + half, rel=0.05)
    assert result.low_points == pytest.approx(0.5 - half, abs=0.05)


@pytest.mark.parametrize(("rate", "drop", "needed"), [(0.01, 0.005, 2471), (0.02, 0.02, 308)])
def test_the_windows_needed_are_those_of_connor(rate: float, drop: float, needed: int) -> None:
    assert windows_needed(rate, drop) == needed
    assert needed == pytest.approx(6.18 * rate / drop**2, rel=0.01)


def test_losses_spread_evenly_by_chance_make_the_interval_no_narrower_than_for_independent_windows() -> None:
    even, alone = compare(40, 0, 2000, recordings=40), compare(40, 0, 2000, recordings=2000)
    assert even.high_points - even.low_points > 0.95 * (alone.high_points - alone.low_points)


def test_the_same_seed_gives_the_same_interval() -> None:
    assert compare(20, 10, 2000) == compare(20, 10, 2000)


def test_ten_thousand_resamples_take_well_under_a_second() -> None:
    compare(20, 10, 1500)
    started = time.process_time()
    compare(20, 10, 1500)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("points", [0.0, -1.0, float("nan")])
def test_a_margin_must_be_positive(points: float) -> None:
    with pytest.raises(DataError, match="margin"):
        compare(1, 0, 100, margin=points)


def test_lengths_must_agree() -> None:
    with pytest.raises(DataError, match="shapes"):
        compare_paired([0, 1], [0, 1], [0], [0, 0], 2.0)


def simulated_clusters(
    rng: np.random.Generator, recordings: int, lose: float, gain: float, correlation: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Windows and net losses of recordings whose own rates are beta distributed (`correlation` within a recording)."""
    sizes = rng.integers(18, 53, recordings)
    spread = (1 - correlation) / correlation if correlation else np.inf
    own = [np.full(recordings, p) if not correlation or not p else rng.beta(p * spread, (1 - p) * spread, recordings)
           for p in (lose, gain)]  # fmt: skip
    lost = rng.binomial(sizes, own[0])
    gained = rng.binomial(sizes - lost, np.minimum(own[1] / np.maximum(1 - own[0], 1e-9), 1))
    return sizes, lost - gained, int(lost.sum() + gained.sum())


@pytest.mark.parametrize(
    ("recordings", "lose", "gain", "correlation"),
    [
        (42, 0.002, 0.0, 0.0),
        (42, 0.005, 0.005, 0.1),
        (42, 0.02, 0.0, 0.0),
        (42, 0.02, 0.0, 0.1),
        (42, 0.02, 0.02, 0.1),
        (42, 0.05, 0.03, 0.1),
        (42, 0.1, 0.02, 0.0),
        (20, 0.005, 0.005, 0.0),
        (20, 0.02, 0.02, 0.1),
        (20, 0.05, 0.03, 0.0),
        (10, 0.02, 0.02, 0.0),
        (10, 0.05, 0.03, 0.1),
    ],
)
def test_the_interval_covers_the_true_drop(recordings: int, lose: float, gain: float, correlation: float) -> None:
    rng, trials = np.random.default_rng(2024), 400
    hits = 0
    for seed in range(trials):
        sizes, losses, discordant = simulated_clusters(rng, recordings, lose, gain, correlation)
        low, high = drop_interval(sizes, losses, discordant, seed, resamples=800)
        hits += low <= lose - gain <= high
    assert hits / trials >= 0.93


def test_the_simulation_tells_a_percentile_interval_from_one_that_covers() -> None:
    rng, hits = np.random.default_rng(5), 0
    for _ in range(300):
        sizes, losses, _ = simulated_clusters(rng, 10, 0.02, 0.0, 0.0)
        draws = rng.multinomial(10, np.full(10, 0.1), 1000)
        low, high = np.quantile(draws @ losses / (draws @ sizes), [0.025, 0.975])
        hits += low <= 0.02 <= high
    assert hits / 300 < 0.93


def test_windows_that_did_not_decide_are_never_enough() -> None:
    for lost in range(20, 60):
        result = compare(lost, 10, 1526)
        if result.verdict is Verdict.INCONCLUSIVE:
            assert result.windows_needed > 1526
