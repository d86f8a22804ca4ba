"""Does the firmware keep its budgets at this place? What cannot be known there is recorded as not measured."""

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest

from tinygate.board.evidence import Run
from tinygate.board.options import BoardChoice
from tinygate.gate.oracle import predicted_classes
from tinygate.model.folder import Variant

JudgeFigure = Callable[[str, float | int | None, str], None]

WIDE_POINTERS = "The arena of a 64-bit interpreter: a chip, whose pointers have 32 bits, needs less."
NO_TIME = "An emulated board does not run at a chip's speed; use --board serial."
NO_FIRMWARE = "What an emulated board is flashed with is the model in an image, not the firmware; build with ESP-IDF."


def test_the_arena_used_is_within_its_budget(run: Run, judge_figure: JudgeFigure) -> None:
    assert 0 < run.arena.used_bytes <= run.arena.configured_bytes
    judge_figure("arena_used_bytes", run.arena.used_bytes, WIDE_POINTERS if run.arena.pointer_bits == 64 else "")


def test_accuracy_on_the_device_reaches_its_floor(run: Run, variant: Variant, judge_figure: JudgeFigure) -> None:
    labels = variant.model.dataset.test.labels
    right = int((predicted_classes(run.outputs) == labels).sum())
    note = f"{len(labels)} windows, on the board."
    judge_figure("accuracy_percent", round(100 * right / len(labels), 3), note)


def test_latency_is_within_its_budget(run: Run, board: BoardChoice, judge_figure: JudgeFigure) -> None:
    samples_us = run.bench.latency_us if run.bench and not board.emulated else ()
    if not samples_us:
        judge_figure("latency_median_us", None, NO_TIME)
        pytest.skip(NO_TIME)
    judge_figure("latency_median_us", median(samples_us), f"Median of {len(samples_us)} invocations in one boot.")


def test_the_firmware_fits_its_flash(firmware: Any, judge_figure: JudgeFigure) -> None:
    judge_figure("flash_bytes", firmware.image_bytes, "" if firmware.image_bytes else NO_FIRMWARE)
    if firmware.image_bytes is None:
        pytest.skip(NO_FIRMWARE)
