"""Does the firmware keep its budgets at this place? What cannot be known there is recorded as not measured."""

from __future__ import annotations

import math

import pytest

from tinygate.board.evidence import Run
from tinygate.board.log import BootLog, extension_values
from tinygate.figures import Needs
from tinygate.judge.arena import arena_differs, judge_layout, judge_least_arena, judge_prediction, predicted
from tinygate.judge.latency import configuration, summarize
from tinygate.judge.metric import judge_metric
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged
from tinygate.plugin.measuring import Measured
from tinygate.plugin.target import JudgeFigure, SaysNotMeasured
from tinygate.targets.firmware import Firmware

WIDE_POINTERS = "The arena of a 64-bit interpreter: a chip, whose pointers have 32 bits, needs less."
COMPUTED = "What {} needs, computed from the .tflite; the interpreter behind an emulated board has wider pointers."
NO_SEARCH = "A boot per size: ask for it with --arena-search."
NO_TIME = "An emulated board does not run at a chip's speed; use --board serial."
LEAST_FOR_P99 = 100  # invocations
NO_CYCLES = "Cycles that mean anything come from an emulator that counts instructions; see docs/lab.md."
NO_FIRMWARE = "What an emulated board is flashed with is the model in an image, not the firmware; build it for a chip."


def test_the_arena_used_is_within_its_budget(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, judge_figure: JudgeFigure
) -> None:
    """arena_used_bytes, which no target can have less of than the model's activations take."""
    judge(judge_least_arena(variant, board.place, run.arena.used_bytes))
    if run.arena.pointer_bits == 64:
        note = WIDE_POINTERS
    else:
        note = COMPUTED.format(board.target) if board.kind.emulation == "virtual" else ""
    judge_figure("arena_used_bytes", run.arena.used_bytes, note)


def test_the_smallest_arena_that_works_is_recorded(
    board_run: Measured,
    variant: Variant,
    board: BoardChoice,
    judge: Judge,
    judge_figure: JudgeFigure,
    not_measured: SaysNotMeasured,
) -> None:
    """arena_minimum_bytes."""
    smallest_bytes, computed = board_run.minimum_arena_bytes, predicted(variant, board.target)
    used_bytes = board_run.boots[0].arena.used_bytes
    if smallest_bytes is None and (computed is None or not computed.exact):
        not_measured("arena_minimum_bytes", NO_SEARCH)
    if smallest_bytes is None:
        assert computed is not None
        smallest_bytes, how = computed.minimum_bytes, "computed from the .tflite; --arena-search measures it"
    else:
        how = "measured, each size in a boot of its own"
        if computed is not None and computed.exact and computed.minimum_bytes != smallest_bytes:
            judge(arena_differs(variant, board.place, smallest_bytes, computed.minimum_bytes))
    margin = variant.model.config.thresholds.arena_margin_percent
    wanted = f" {margin:g} % above it are wanted (thresholds.arena_margin_percent)." if margin else ""
    note = f"{smallest_bytes - used_bytes} bytes above what is in use afterwards; {how}.{wanted}"
    judge_figure("arena_minimum_bytes", math.ceil(smallest_bytes * (1 + margin / 100)), note)


def test_the_arena_is_the_one_that_was_computed(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """tinygate arena's figure, on the board."""
    finding = judge_prediction(variant, board.place, run)
    if finding is None:
        not_judged("nobody has computed the arena of this interpreter")
    judge(finding)


def test_the_structures_in_the_arena_are_the_known_ones(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """Sizes that predictions rest on: a component that changes one is named."""
    finding = judge_layout(variant, board.place, run)
    if finding is None:
        not_judged("this interpreter tells no layout of a chip's structures")
    judge(finding)


def test_the_metric_on_the_device_reaches_its_budget(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge
) -> None:
    """The model's metric, from what the board answered."""
    judge(judge_metric(variant, board.place, run.outputs))


def test_latency_is_within_its_budget(
    boots: tuple[Run, ...], board: BoardChoice, judge_figure: JudgeFigure, not_measured: SaysNotMeasured
) -> None:
    """latency_median_us."""
    samples_us = [run.bench.latency_us for run in boots if run.bench and not board.emulated]
    if not samples_us:
        not_measured("latency_median_us", NO_TIME)
    latency = summarize(samples_us)
    settings = ", ".join(f"{name} {value}" for name, value in configuration(boots[0].hello).items())
    note = f"{latency.sentence('µs')} Comparable with: {settings}."
    judge_figure("latency_median_us", latency.median, note, {"samples": samples_us})


def test_the_99th_percentile_of_latency_is_within_its_budget(
    boots: tuple[Run, ...], board: BoardChoice, judge_figure: JudgeFigure, not_measured: SaysNotMeasured
) -> None:
    """latency_p99_us, over the invocations of all boots."""
    samples_us = [run.bench.latency_us for run in boots if run.bench and not board.emulated]
    count = sum(map(len, samples_us))
    if count < LEAST_FOR_P99:
        few = f"{count} invocations say nothing of one in a hundred: {LEAST_FOR_P99} are needed, measure more --boots."
        not_measured("latency_p99_us", few if samples_us else NO_TIME)
    judge_figure("latency_p99_us", summarize(samples_us).p99, f"Of {count} invocations in {len(samples_us)} boots.")


def test_the_longest_latency_is_within_its_budget(
    boots: tuple[Run, ...], board: BoardChoice, judge_figure: JudgeFigure, not_measured: SaysNotMeasured
) -> None:
    """latency_max_us, over the invocations of all boots."""
    samples_us = [run.bench.latency_us for run in boots if run.bench and not board.emulated]
    if not samples_us:
        not_measured("latency_max_us", NO_TIME)
    judge_figure("latency_max_us", summarize(samples_us).largest, f"Of {sum(map(len, samples_us))} invocations.")


def test_emulated_cycles_are_recorded(
    boots: tuple[Run, ...],
    board: BoardChoice,
    boot_log: BootLog,
    judge_figure: JudgeFigure,
    not_measured: SaysNotMeasured,
) -> None:
    """emulated_cycles, for ratios between builds."""
    if Needs.CYCLES not in board.kind.offers or boots[0].bench is None:
        not_measured("emulated_cycles", NO_CYCLES)
    cycles = summarize([_idle_cycles(boot_log, run) for run in boots])
    note = f"{cycles.sentence('cycles')} Instructions, blind to cache and flash: for ratios between builds only."
    judge_figure("emulated_cycles", cycles.median, note)


def _idle_cycles(boot_log: BootLog, run: Run) -> tuple[int, ...]:
    return extension_values(boot_log.console, run.boot_id, "bench", "x_emulated_cycles", application=None)


def test_the_firmware_fits_its_flash(
    firmware: Firmware, judge_figure: JudgeFigure, not_measured: SaysNotMeasured
) -> None:
    """flash_bytes."""
    if firmware.image is None:
        not_measured("flash_bytes", NO_FIRMWARE)
    judge_figure("flash_bytes", firmware.image.stat().st_size, f"The image {firmware.image.name}.")


def test_static_ram_is_within_its_budget(
    run: Run,
    firmware: Firmware,
    board: BoardChoice,
    judge_figure: JudgeFigure,
    not_measured: SaysNotMeasured,
    pytestconfig: pytest.Config,
) -> None:
    """static_ram_bytes."""
    if firmware.image is None:
        not_measured("static_ram_bytes", NO_FIRMWARE)
    sizes = board.family.sizes(firmware.folder)
    ram_bytes = pytestconfig.getoption("--ram-bytes") or board.family.ram_bytes
    left = sizes.left_of(ram_bytes, run.arena.used_bytes)
    judge_figure("static_ram_bytes", sizes.static_ram_bytes, left)
