"""Changes of level are found where they are, and noise is none; a drift is told with its interval."""

from __future__ import annotations

import numpy as np
import pytest

from tinygate.report.trend import Change, changes, drift


def noise(count: int, level: float = 1000.0, seed: int = 1) -> list[float]:
    return (level * (1 + 0.003 * np.random.default_rng(seed).standard_normal(count))).tolist()


@pytest.mark.parametrize("percent", [2, 3, -3, 100])
def test_a_change_of_level_is_found_where_it_is(percent: int) -> None:
    (change,) = changes([*noise(40), *noise(20, 1000.0 + 10 * percent, 2)])
    assert abs(change.first - 40) <= 1
    assert change.percent == pytest.approx(percent, abs=0.5)


def test_two_changes_are_two() -> None:
    found = changes([*noise(30), *noise(30, 1100, 2), *noise(30, 1000, 3)])
    assert [change.first for change in found] == [30, 60]


def test_noise_is_hardly_ever_a_change() -> None:
    false = sum(bool(changes(noise(60, seed=seed))) for seed in range(200))
    assert false <= 4


def test_a_spike_is_no_level() -> None:
    assert changes([*noise(30), 2000.0, *noise(30, seed=3)]) == []


def test_of_a_size_every_byte_counts() -> None:
    assert changes([4060.0] * 10 + [4061.0] * 5, exact=True) == [Change(10, 4060.0, 4061.0)]
    assert changes([4060.0] * 20, exact=True) == []


def test_a_clock_of_whole_microseconds_does_not_change_with_its_last_digit() -> None:
    assert changes([5000.0] * 20 + [5001.0] * 5 + [5000.0] * 20) == []


def test_few_runs_have_no_history() -> None:
    assert changes([1.0, 2.0, 3.0]) == []
    assert drift([1.0, 2.0, 3.0]) is None


def test_a_drift_is_told_and_noise_is_none() -> None:
    slow = (np.array(noise(60)) + np.arange(60) * 0.5).tolist()
    found = drift(slow)
    assert found is not None
    assert found.low < 5 < found.high
    assert drift(noise(60)) is None
