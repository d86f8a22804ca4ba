"""Does the firmware keep its budgets at this place? What cannot be known there is recorded as not measured."""

from __future__ import annotations

import pytest

from tinygate.board.evidence import Run
from tinygate.board.log import BootLog, extension_values
from tinygate.figures import Needs
from tinygate.judge.arena import judge_least_arena
from tinygate.judge.latency import configuration, summarize
from tinygate.model.folder import Variant
from tinygate.oracle import predicted_classes
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged
from tinygate.plugin.measuring import Measured
from tinygate.plugin.target import JudgeFigure
from tinygate.targets.firmware import Firmware

WIDE_POINTERS = "The arena of a 64-bit interpreter: a chip, whose pointers have 32 bits, needs less."
NO_SEARCH = "A boot per size: ask for it with --arena-search."
NO_TIME = "An emulated board does not run at a chip's speed; use --board serial."
NO_CYCLES = "Cycles that mean anything come from an emulator that counts instructions; see docs/lab.md."
NO_FIRMWARE = "What an emulated board is flashed with is the model in an image, not the firmware; build it for a chip."


def test_the_arena_used_is_within_its_budget(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, judge_figure: JudgeFigure
) -> None:
    """arena_used_bytes, which no target can have less of than the model's activations take."""
    judge(judge_least_arena(variant, board.place, run.arena.used_bytes))
    judge_figure("arena_used_bytes", run.arena.used_bytes, WIDE_POINTERS if run.arena.pointer_bits == 64 else "")


def test_the_smallest_arena_that_works_is_recorded(
    board_run: Measured, judge_figure: JudgeFigure, not_judged: SaysNotJudged
) -> None:
    """arena_minimum_bytes."""
    smallest_bytes = board_run.minimum_arena_bytes
    if smallest_bytes is None:
        judge_figure("arena_minimum_bytes", None, NO_SEARCH)
        not_judged(NO_SEARCH)
    used_bytes = board_run.boots[0].arena.used_bytes
    note = f"{smallest_bytes - used_bytes} bytes above what is in use afterwards; each size had a boot of its own."
    judge_figure("arena_minimum_bytes", smallest_bytes, note)


def test_the_metric_on_the_device_reaches_its_budget(run: Run, variant: Variant, judge_figure: JudgeFigure) -> None:
    """The model's metric, from what the board answered."""
    labels = variant.model.dataset.test.labels
    right = int((predicted_classes(run.output) == labels).sum())
    note = f"{len(labels)} windows, on the board."
    judge_figure("accuracy_percent", round(100 * right / len(labels), 3), note, len(labels))


def test_latency_is_within_its_budget(
    boots: tuple[Run, ...], board: BoardChoice, judge_figure: JudgeFigure, not_judged: SaysNotJudged
) -> None:
    """latency_median_us."""
    samples_us = [run.bench.latency_us for run in boots if run.bench and not board.emulated]
    if not samples_us:
        judge_figure("latency_median_us", None, NO_TIME)
        not_judged(NO_TIME)
    latency = summarize(samples_us)
    settings = ", ".join(f"{name} {value}" for name, value in configuration(boots[0].hello).items())
    judge_figure("latency_median_us", latency.median, f"{latency.sentence('µs')} Comparable with: {settings}.")


def test_emulated_cycles_are_recorded(
    boots: tuple[Run, ...], board: BoardChoice, boot_log: BootLog, judge_figure: JudgeFigure, not_judged: SaysNotJudged
) -> None:
    """emulated_cycles, for ratios between builds."""
    if Needs.CYCLES not in board.kind.offers or boots[0].bench is None:
        not_judged(NO_CYCLES)
    cycles = summarize([extension_values(boot_log.console, run.boot_id, "bench", "x_emulated_cycles") for run in boots])
    note = f"{cycles.sentence('cycles')} Instructions, blind to cache and flash: for ratios between builds only."
    judge_figure("emulated_cycles", cycles.median, note)


def test_the_firmware_fits_its_flash(firmware: Firmware, judge_figure: JudgeFigure, not_judged: SaysNotJudged) -> None:
    """flash_bytes."""
    if firmware.image is None:
        judge_figure("flash_bytes", None, NO_FIRMWARE)
        not_judged(NO_FIRMWARE)
    judge_figure("flash_bytes", firmware.image.stat().st_size, f"The image {firmware.image.name}.")


def test_static_ram_is_within_its_budget(
    run: Run,
    firmware: Firmware,
    board: BoardChoice,
    judge_figure: JudgeFigure,
    not_judged: SaysNotJudged,
    pytestconfig: pytest.Config,
) -> None:
    """static_ram_bytes."""
    if firmware.image is None:
        judge_figure("static_ram_bytes", None, NO_FIRMWARE)
        not_judged(NO_FIRMWARE)
    sizes = board.family.sizes(firmware.folder)
    left = sizes.left_of(pytestconfig.getoption("--ram-bytes"), run.arena.used_bytes)
    judge_figure("static_ram_bytes", sizes.static_ram_bytes, left)
