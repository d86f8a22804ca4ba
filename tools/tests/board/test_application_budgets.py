"""The model beside its application: time while it runs, memory by part, and what is said where nothing is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from fake_board import FakeBoard, measured

from tinygate.board.evidence import Run
from tinygate.errors import TargetError
from tinygate.figures import FIGURES
from tinygate.judge.memory import heap_sentence, ram_used, split
from tinygate.protocol import Application, Health
from tinygate.suites.target import application
from tinygate.targets.sizes import Memory, Part, Sizes

Told = list[tuple[str, Any]]
HEALTH = Health(2000, 8192, 4096, 100_000, 90_000, 80_000, 0, 0, 300_000, 30_000, ("main", "IDLE"), (900, 500))


def test_a_bench_is_asked_for_twice_and_each_is_kept() -> None:
    run = measured(FakeBoard(application=True), bench_running=True)
    assert run.bench is not None
    assert run.bench_running is not None
    assert (run.bench.application, run.bench_running.application) == (None, Application.RUNNING)
    assert min(run.bench_running.cycles) == min(run.bench.cycles) + 100
    assert run.to_dict()["bench_running"]["cycles"]


def test_an_application_with_nothing_to_set_going_is_measured_idle() -> None:
    run = measured(FakeBoard(), bench_running=True)
    assert run.bench is not None
    assert run.bench_running is None


def test_a_board_that_benches_the_other_way_is_not_believed() -> None:
    class Stubborn(FakeBoard):
        def answer(self, request: Any) -> Any:
            answer = super().answer(request)
            return dataclasses.replace(answer, application=None) if type(answer).__name__ == "Bench" else answer

    with pytest.raises(TargetError, match="application running was asked for, it tells of idle"):
        measured(Stubborn(application=True), bench_running=True)


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def judge_figure(told: Told) -> Callable[..., None]:
    return lambda figure, value, note, *_: told.append((figure, value))


def excuse(reason: str, *figures: str) -> NoReturn:
    pytest.skip(f"{figures}: {reason}")


def running(*latencies_us: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return latencies_us


def test_time_while_it_runs_is_held_against_time_while_it_is_idle(told: Told, judge_figure: Any) -> None:
    boots = (measured(FakeBoard(application=True), bench_running=True),)
    check = application.test_latency_with_the_application_running_is_within_its_budget
    check(running((10, 12, 14)), boots, SimpleNamespace(), judge_figure, excuse)
    assert told == [("latency_running_median_us", 12.0)]


def test_the_tail_is_taken_over_all_boots(told: Told, judge_figure: Any) -> None:
    samples = running((100,) * 99, (100, 200, 300) * 33)
    p99 = application.test_the_99th_percentile_with_the_application_running_is_within_its_budget
    longest = application.test_the_longest_latency_with_the_application_running_is_within_its_budget
    p99(samples, SimpleNamespace(), judge_figure, excuse)
    longest(samples, SimpleNamespace(), judge_figure, excuse)
    assert told == [("latency_running_p99_us", 300.0), ("latency_running_max_us", 300.0)]


@pytest.mark.parametrize(("named", "reason"), [(None, "names no application"), (object(), "no run_application")])
def test_why_there_is_no_time_is_said(named: object, reason: str, judge_figure: Any) -> None:
    check = application.test_the_longest_latency_with_the_application_running_is_within_its_budget
    with pytest.raises(pytest.skip.Exception, match=reason):
        check((), SimpleNamespace(application=named), judge_figure, excuse)


def test_parts_add_up_to_the_image_and_to_all_static_ram() -> None:
    parts = {"model": Part(18_000, 100), "interpreter": Part(20_000, 0), "kernels": Part(30_000, 40), "tinygate": Part(5_000, 17_000)}  # fmt: skip
    memory = Memory("DRAM", 27_000, 0, {}, holds_static_data=True)
    found = {name: value for name, value, _ in split(Sizes((memory,), {}, parts), 270_000)}
    assert sum(v for n, v in found.items() if n.startswith("flash_") and v) == 270_000
    assert sum(v for n, v in found.items() if n.startswith("static_ram_") and v) == 27_000
    assert found["static_ram_rest_bytes"] == 27_000 - 100 - 40 - 17_000


def test_a_model_that_the_application_has_itself_is_not_taken_for_none() -> None:
    found = {name: (value, note) for name, value, note in split(Sizes((), {}, {"model": Part(0, 0)}), 1000)}
    value, note = found["flash_model_bytes"]
    assert value is None
    assert "among the rest" in note


def test_ram_in_use_is_static_data_and_the_most_of_the_heap() -> None:
    assert ram_used(27_000, HEALTH) == 27_000 + 300_000 - 90_000
    assert "27,000 static and 210,000 of the heap at most, 30,000 of it by what answers" in heap_sentence(
        27_000, HEALTH
    )
    assert ram_used(27_000, dataclasses.replace(HEALTH, heap_total_bytes=None)) is None


def test_the_stack_that_came_closest_is_named(told: Told, judge_figure: Any) -> None:
    run: Run = dataclasses.replace(measured(FakeBoard()), health=HEALTH)
    application.test_the_least_free_stack_of_all_tasks_is_within_its_budget(run, judge_figure, excuse)
    application.test_the_least_free_heap_is_within_its_budget(run, judge_figure, excuse)
    assert told == [("stack_least_free_bytes", 500), ("heap_least_free_bytes", 90_000)]


def asked_in_vain(place: str, **budgets: int) -> tuple[Told, str]:
    """What the suite's `unknown` judges of a variant with budgets, and its excuse."""
    told: Told = []
    config = SimpleNamespace(
        budgets_of=lambda place, variant: [(FIGURES[name], limit) for name, limit in budgets.items()]
    )
    variant = SimpleNamespace(name="a", model=SimpleNamespace(config=config))
    say = application.unknown._get_wrapped_function()(
        variant, SimpleNamespace(place=place), pytest.skip, lambda figure, value, note: told.append((figure, value))
    )
    with pytest.raises(pytest.skip.Exception) as excused:
        say("nothing to set going", "latency_running_max_us", "latency_running_p99_us")
    return told, str(excused.value)


def test_what_has_a_budget_and_no_value_is_not_excused() -> None:
    assert asked_in_vain("esp32", latency_running_p99_us=10, flash_bytes=5) == (
        [("latency_running_p99_us", None)],
        "nothing to set going",
    )


def test_what_nobody_demands_is_excused_and_never_known_is_said() -> None:
    assert asked_in_vain("esp32") == ([], "nothing to set going")
    assert asked_in_vain("esp32-virtual") == ([], "latency_running_max_us is never known at esp32-virtual.")
