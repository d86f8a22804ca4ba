"""Slower than the baseline, or not: no night red by chance, none green that is 3 % slower."""

from __future__ import annotations

import itertools
import os
from math import comb

import numpy as np
import pytest
from numpy.typing import NDArray

from tinygate.judge.regression import ALPHA, boots_needed, compare, is_confirmed, is_suspicious

NIGHTS = 1000 if os.environ.get("TINYGATE_ALL_NIGHTS") else 150
METRICS, BEFORE = 100, 20
LEAST_PERCENT, INVOCATIONS = 1.0, 21
BOOT_SD, INVOKE_SD, OUTLIERS, OUTLIER = 0.003, 0.001, 0.02, 1.05


def boots(chance: np.random.Generator, shape: tuple[int, ...], level: float = 1000.0) -> NDArray[np.float64]:
    """Medians over invocations, as a lab's boards give them."""
    boot = level * (1 + BOOT_SD * chance.standard_normal((*shape, 1)))
    invoke = boot * (1 + INVOKE_SD * chance.standard_normal((*shape, INVOCATIONS)))
    late = np.where(chance.random(invoke.shape) < OUTLIERS, OUTLIER, 1.0)
    return np.asarray(np.median(invoke * late, axis=-1))


def is_red(before: NDArray[np.float64], first: NDArray[np.float64], fresh: NDArray[np.float64]) -> bool:
    """What the gate makes of one figure in one night; `fresh` boots are looked at once the first are suspicious."""
    if not is_suspicious(compare(before.tolist(), first.tolist(), LEAST_PERCENT)):
        return False
    return is_confirmed(compare(before.tolist(), fresh.tolist(), LEAST_PERCENT), METRICS)


def test_a_night_is_rarely_red_by_chance_and_a_slower_figure_is_found_the_same_night() -> None:
    chance = np.random.default_rng(20261126)
    now = boots_needed(BEFORE, METRICS)
    assert now == 5
    falsely_red = found = 0
    for _ in range(NIGHTS):
        before, first, fresh = (boots(chance, (METRICS, count)) for count in (BEFORE, now, now))
        falsely_red += any(is_red(*figure) for figure in zip(before, first, fresh, strict=True))
        slow = 1030.0
        found += is_red(before[0], boots(chance, (now,), slow), boots(chance, (now,), slow))
    print(f"{NIGHTS} nights of {METRICS} figures: {falsely_red} falsely red; 3 % slower found in {found}")
    assert falsely_red <= 0.005 * NIGHTS
    assert found >= 0.99 * NIGHTS


def test_a_spike_in_one_boot_is_not_slower() -> None:
    before = boots(np.random.default_rng(1), (BEFORE,)).tolist()
    spiked = [*boots(np.random.default_rng(2), (4,)).tolist(), 2000.0]
    assert not is_suspicious(compare(before, spiked, LEAST_PERCENT))


def test_less_than_the_least_effect_is_not_slower_however_sure() -> None:
    before = [1000.0 + n / 100 for n in range(20)]
    assert compare(before, [1009.0] * 5, LEAST_PERCENT).p == 1.0
    assert compare(before, [1012.0] * 5, LEAST_PERCENT).p == pytest.approx(1 / comb(25, 5))


def test_p_is_that_of_counting_all_ways_to_deal_the_boots() -> None:
    before, now = [1.0, 2.0, 3.0, 7.0], [4.0, 5.0, 8.0]
    greater = sum(n > b for n in now for b in before)
    deals = [set(deal) for deal in itertools.combinations([*before, *now], 3)]
    as_extreme = sum(sum(n > b for n in deal for b in {*before, *now} - deal) >= greater for deal in deals)
    assert compare(before, now, 0.0).p == pytest.approx(as_extreme / len(deals))


def test_ties_never_make_a_difference_surer() -> None:
    before, now = [10.0] * 19 + [11.0], [11.0] * 5
    assert compare(before, now, LEAST_PERCENT).p > compare([10.0] * 20, now, LEAST_PERCENT).p


@pytest.mark.parametrize(("figures", "boots"), [(1, 5), (265, 5), (266, 6), (1151, 6), (1152, 7)])
def test_more_figures_take_more_boots(figures: int, boots: int) -> None:
    assert boots_needed(20, figures) == boots
    assert 1 / comb(20 + boots, boots) <= ALPHA / figures
