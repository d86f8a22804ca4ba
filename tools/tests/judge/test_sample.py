"""What a sample can decide."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from tinygate.judge.budget import judge_budget
from tinygate.judge.sample import lower_percent, undecided, windows_needed
from tinygate.model.folder import Model
from tinygate.verdict import Verdict


def test_the_lower_end_is_wilsons() -> None:
    for right, count in ((1, 1), (90, 100), (1325, 1526), (0, 5)):
        expected = 100 * binomtest(right, count).proportion_ci(0.90, "wilson").low  # two-sided: 5 % on either side
        assert lower_percent(100 * right / count, count) == pytest.approx(expected, abs=0.01)


def test_one_window_decides_nothing_and_as_many_as_it_says_do() -> None:
    assert "1 windows are too few" in undecided(100, 85, 1)
    needed = windows_needed(90, 85)
    assert needed is not None
    assert undecided(90, 85, needed - 1)
    assert not undecided(90, 85, needed)
    assert f"about {needed} windows of this share would decide." in undecided(90, 85, needed - 1)


def test_a_share_at_its_floor_is_decided_by_no_number_of_windows() -> None:
    assert windows_needed(85, 85) is None
    assert windows_needed(84, 85) is None
    assert undecided(85, 85, 10**6).endswith("; no number of windows would decide.")


def test_one_window_can_be_enough_and_a_floor_that_is_just_reached_is_reached() -> None:
    floor = lower_percent(100, 1)
    assert windows_needed(100, floor) == 1
    assert undecided(100, floor, 1) == ""


@pytest.mark.parametrize(
    ("value", "windows", "verdict"),
    [(95.0, 1, Verdict.INCONCLUSIVE), (95.0, 2000, Verdict.PASS), (89.0, 1, Verdict.FAIL), (95.0, None, Verdict.PASS)],
)
def test_a_budget_rests_on_its_sample(toy: Model, value: float, windows: int | None, verdict: Verdict) -> None:
    finding = judge_budget(toy.variant("ptq_int8"), "esp32", "accuracy_percent", value, windows=windows)
    assert finding.verdict is verdict
    assert verdict is not Verdict.INCONCLUSIVE or "windows of this share would decide" in finding.reason
