"""The tail of latency: judged over all boots, and not at all from too few invocations."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from fake_board import FakeBoard, measured

from tinygate.suites.target import budgets

Judged = list[tuple[str, Any]]


def boots(*latencies_us: Sequence[int]) -> tuple[Any, ...]:
    run = measured(FakeBoard())
    assert run.bench is not None
    return tuple(dataclasses.replace(run, bench=dataclasses.replace(run.bench, latency_us=us)) for us in latencies_us)


def asked(check: Any, runs: tuple[Any, ...], emulated: bool = False) -> Judged:
    """What a check of the suite gives to its budget."""
    told: Judged = []

    def not_measured(figure: str, reason: str) -> NoReturn:
        told.append((figure, reason))
        pytest.skip(reason)

    def judge_figure(figure: str, value: float, note: str) -> None:
        told.append((figure, value))

    with contextlib.suppress(pytest.skip.Exception):
        check(runs, SimpleNamespace(emulated=emulated), judge_figure, not_measured)
    return told


P99 = budgets.test_the_99th_percentile_of_latency_is_within_its_budget
LONGEST = budgets.test_the_longest_latency_is_within_its_budget


def test_both_are_taken_over_all_boots() -> None:
    runs = boots([100] * 99, [100, 200, 300] * 33)
    assert asked(P99, runs) == [("latency_p99_us", 300.0)]
    assert asked(LONGEST, runs) == [("latency_max_us", 300.0)]


def test_few_invocations_say_nothing_of_one_in_a_hundred() -> None:
    ((figure, reason),) = asked(P99, boots([100] * 99))
    assert (figure, "100 are needed" in reason) == ("latency_p99_us", True)
    assert asked(LONGEST, boots([100] * 99)) == [("latency_max_us", 100.0)]


@pytest.mark.parametrize("check", [P99, LONGEST])
def test_an_emulated_board_has_neither(check: Any) -> None:
    ((_, reason),) = asked(check, boots([100] * 200), emulated=True)
    assert "does not run at a chip's speed" in reason
