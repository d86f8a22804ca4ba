"""Does the model hold its budgets beside the rest of the application: in its memory, and while it runs?

Most of it is known of tinygate's sample firmware too. What needs an application says so where model.toml names none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest

from tinygate.board.evidence import Run
from tinygate.board.log import BootLog, extension_values
from tinygate.figures import FIGURES, PARTS, flash_of, static_ram_of
from tinygate.judge.latency import summarize
from tinygate.judge.memory import heap_sentence, ram_used, split
from tinygate.model.folder import Variant
from tinygate.places import can_be_measured
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import SaysNotJudged
from tinygate.plugin.target import JudgeFigure
from tinygate.suites.target.budgets import LEAST_FOR_P99
from tinygate.targets.firmware import Firmware
from tinygate.targets.sizes import Sizes

NEVER_HERE = "{} is never known at {}."
NO_APPLICATION = "model.toml names no application ([firmware]): there is nothing to set going."
NOTHING_TO_RUN = "The application gives tinygate_start() no run_application: there is nothing to set going."
NO_PARTS = "The build does not tell which object files hold kernels: build it with this tinygate."
NO_HEAP = "This firmware has no heap that it could tell of."


@pytest.fixture
def unknown(
    variant: Variant, board: BoardChoice, not_judged: SaysNotJudged, judge_figure: JudgeFigure
) -> Callable[..., NoReturn]:
    """Say why figures are not known: an excuse, but for those that have a budget, which is then INCONCLUSIVE."""
    demanded = {figure.name for figure, _ in variant.model.config.budgets_of(board.place, variant.name)}

    def say(reason: str, *figures: str) -> NoReturn:
        for figure in demanded.intersection(figures):
            judge_figure(figure, None, reason)
        known = any(can_be_measured(FIGURES[figure], board.place) for figure in figures)
        not_judged(reason if known else NEVER_HERE.format(figures[0], board.place))

    return say


@pytest.fixture
def running_us(boots: tuple[Run, ...], variant: Variant) -> tuple[tuple[int, ...], ...]:
    """Microseconds of each invocation with the application running, by boot; none where nothing ran or has time."""
    samples = (run.bench_running.latency_us for run in boots if run.bench_running)
    return tuple(of_boot for of_boot in samples if of_boot)


def _why_idle(variant: Variant) -> str:
    return NOTHING_TO_RUN if variant.application else NO_APPLICATION


def test_latency_with_the_application_running_is_within_its_budget(
    running_us: tuple[tuple[int, ...], ...],
    boots: tuple[Run, ...],
    variant: Variant,
    judge_figure: JudgeFigure,
    unknown: Callable[..., NoReturn],
) -> None:
    """latency_running_median_us."""
    if not running_us:
        unknown(_why_idle(variant), "latency_running_median_us")
    latency = summarize(running_us)
    idle = summarize([run.bench.latency_us for run in boots if run.bench]).median
    note = f"{latency.sentence('µs')} Idle: {idle:g} µs, {latency.median / idle:.3g} times that while it runs."
    judge_figure("latency_running_median_us", latency.median, note, {"samples": running_us})


def test_the_99th_percentile_with_the_application_running_is_within_its_budget(
    running_us: tuple[tuple[int, ...], ...],
    variant: Variant,
    judge_figure: JudgeFigure,
    unknown: Callable[..., NoReturn],
) -> None:
    """latency_running_p99_us, over the invocations of all boots."""
    count = sum(map(len, running_us))
    if not count:
        unknown(_why_idle(variant), "latency_running_p99_us")
    if count < LEAST_FOR_P99:
        few = f"{count} invocations say nothing of one in a hundred: {LEAST_FOR_P99} are needed, measure more --boots."
        unknown(few, "latency_running_p99_us")
    note = f"Of {count} invocations in {len(running_us)} boots."
    judge_figure("latency_running_p99_us", summarize(running_us).p99, note)


def test_the_longest_latency_with_the_application_running_is_within_its_budget(
    running_us: tuple[tuple[int, ...], ...],
    variant: Variant,
    judge_figure: JudgeFigure,
    unknown: Callable[..., NoReturn],
) -> None:
    """latency_running_max_us, over the invocations of all boots."""
    if not running_us:
        unknown(_why_idle(variant), "latency_running_max_us")
    note = f"Of {sum(map(len, running_us))} invocations."
    judge_figure("latency_running_max_us", summarize(running_us).largest, note)


def test_emulated_cycles_with_the_application_running_are_recorded(
    boots: tuple[Run, ...],
    variant: Variant,
    boot_log: BootLog,
    judge_figure: JudgeFigure,
    unknown: Callable[..., NoReturn],
) -> None:
    """emulated_running_cycles, for the share that its interrupts and tasks take."""
    name = "x_emulated_cycles"
    ran = [run for run in boots if run.bench_running]
    found = [extension_values(boot_log.console, run.boot_id, "bench", name, application="running") for run in ran]
    counted = [cycles for cycles in found if cycles]
    if not counted:
        unknown(_why_idle(variant), "emulated_running_cycles")
    cycles = summarize(counted)
    judge_figure("emulated_running_cycles", cycles.median, f"{cycles.sentence('cycles')} Instructions, no time.")


@pytest.fixture
def sizes(firmware: Firmware, board: BoardChoice) -> Sizes | None:
    """What the firmware takes; None where it is none that a chip would run."""
    return board.family.sizes(firmware.folder) if firmware.image else None


def test_flash_and_static_ram_of_each_part_are_within_their_budgets(
    sizes: Sizes | None,
    firmware: Firmware,
    judge_figure: JudgeFigure,
    unknown: Callable[..., NoReturn],
) -> None:
    """flash_…_bytes and static_ram_…_bytes of model, interpreter, kernels, tinygate and the rest."""
    if sizes is None or firmware.image is None or not sizes.parts:
        unknown(NO_PARTS, *(of(part) for part in PARTS for of in (flash_of, static_ram_of)))
    for figure, value, note in split(sizes, firmware.image.stat().st_size):
        judge_figure(figure, value, note)


def test_ram_in_use_is_within_its_budget(
    run: Run, sizes: Sizes | None, judge_figure: JudgeFigure, unknown: Callable[..., NoReturn]
) -> None:
    """ram_used_bytes: static data, and the most that was ever taken of the heap, stacks and arena included."""
    used = ram_used(sizes.static_ram_bytes, run.health) if sizes else None
    if sizes is None or used is None:
        unknown(NO_HEAP, "ram_used_bytes")
    judge_figure("ram_used_bytes", used, heap_sentence(sizes.static_ram_bytes, run.health))


def test_the_least_free_heap_is_within_its_budget(
    run: Run, judge_figure: JudgeFigure, unknown: Callable[..., NoReturn]
) -> None:
    """heap_least_free_bytes."""
    if run.health.heap_total_bytes is None:
        unknown(NO_HEAP, "heap_least_free_bytes")
    note = f"Of {run.health.heap_total_bytes:,}; the largest free block has {run.health.heap_largest_free_bytes:,}."
    judge_figure("heap_least_free_bytes", run.health.heap_min_free_bytes, note)


def test_the_least_free_stack_of_all_tasks_is_within_its_budget(
    run: Run, judge_figure: JudgeFigure, unknown: Callable[..., NoReturn]
) -> None:
    """stack_least_free_bytes, of every task of the application."""
    stacks = sorted(zip(run.health.task_stack_free_bytes, run.health.tasks, strict=True))
    if not stacks:
        unknown("This firmware tells of no tasks.", "stack_least_free_bytes")
    told = ", ".join(f"{task} {free:,}" for free, task in stacks)
    judge_figure("stack_least_free_bytes", stacks[0][0], f"How close each task came to the end of its stack: {told}.")
