"""A margin on any metric: its interval decides PASS, FAIL and INCONCLUSIVE, and covers what is true."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygate.data import Judged, Split
from tinygate.data.metrics import mean_of, statistic
from tinygate.resampling import Loss, paired_loss
from tinygate.verdict import Verdict


def auc_loss(noise: float, windows: int, seed: int = 0) -> Loss:
    """What the AUC loses when noise is added to a score, over recordings of ten windows."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, windows)
    scores = labels + generator.normal(0, 0.7, windows)
    split = Split(np.zeros((windows, 1), np.float32), labels)
    both = (scores, scores + generator.normal(0, noise, windows))
    metrics = [statistic("auc_percent", Judged(split, (s[:, None],), np.arange(windows))) for s in both]
    return paired_loss(*metrics, np.arange(windows) // 10, at_most=False, smallest_step=100 / windows)


@pytest.mark.parametrize(
    ("noise", "windows", "verdict"),
    [(0.01, 2000, Verdict.PASS), (1.5, 2000, Verdict.FAIL), (0.2, 400, Verdict.INCONCLUSIVE)],
)
def test_a_margin_on_auc_has_three_answers(noise: float, windows: int, verdict: Verdict) -> None:
    loss = auc_loss(noise, windows)
    assert loss.verdict(2.0) is verdict
    assert loss.low <= loss.loss <= loss.high
    if verdict is Verdict.INCONCLUSIVE:
        needed = loss.windows_needed(2.0)
        assert needed is None or needed > windows


def test_more_is_worse_for_errors_and_less_for_scores() -> None:
    before, after = mean_of(np.zeros(40)), mean_of(np.ones(40))
    losses = [paired_loss(before, after, np.arange(40), at_most=way, smallest_step=0).loss for way in (True, False)]
    assert losses == [1, -1]


def test_one_recording_and_a_metric_without_value_decide_nothing() -> None:
    values = mean_of(np.ones(40))
    for loss in (
        paired_loss(values, values, np.zeros(40), at_most=True, smallest_step=0),
        paired_loss(values, lambda w: np.full(len(w), np.nan), np.arange(40), at_most=True, smallest_step=0),
    ):
        assert loss.verdict(1e9) is Verdict.INCONCLUSIVE
        assert loss.windows_needed(1.0) is None


def test_no_difference_seen_does_not_mean_none() -> None:
    values = mean_of(np.ones(300))
    assert paired_loss(values, values, np.arange(300), at_most=False, smallest_step=100 / 300).high > 0.99


def test_a_number_below_what_was_used_is_no_advice() -> None:
    loss = Loss(loss=0.9, low=0.2, high=1.6, windows=1526, clusters=40)
    assert loss.windows_needed(1.2) == math.ceil(1526 * (0.7 / 0.3) ** 2)
    assert loss.windows_needed(0.9001) is None


def test_the_interval_covers_the_true_loss() -> None:
    hits = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        recordings = np.repeat(np.arange(15), 20)
        error = generator.exponential(1.0, 300) + generator.normal(0, 0.3, 15)[recordings]
        zero = mean_of(np.zeros(300))
        loss = paired_loss(zero, mean_of(error), recordings, at_most=True, smallest_step=0, seed=seed, resamples=400)
        hits += loss.low <= 1.0 <= loss.high
    assert hits / 200 >= 0.93
