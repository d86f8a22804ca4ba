"""One firmware on one board, measured through what pytest-embedded set up; the evidence is kept beside the logs."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.board.arena_search import ArenaProbe, minimum_arena
from tinygate.board.attempts import Attempts, try_to_measure
from tinygate.board.evidence import Deadlines, Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog, console_tail
from tinygate.board.port import Port, port_of
from tinygate.board.run import measure
from tinygate.errors import LabError, TinygateError
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.targets.firmware import Firmware
from tinygate.verdict import Finding, Verdict


@dataclass(frozen=True)
class Measured:
    """What became of a firmware on a board.

    Attributes:
        attempts: the run of its first boot, or the error that ended the last attempt.
        boots: that run and those of further boots; empty when there is no run.
        minimum_arena_bytes: the smallest arena that works; None when nobody asked.
    """

    attempts: Attempts
    boots: tuple[Run, ...] = ()
    minimum_arena_bytes: int | None = None


def measured(request: pytest.FixtureRequest, board: BoardChoice, variant: Variant, firmware: Firmware) -> Measured:
    """Flash, boot and measure; raises nothing that a run can end of."""
    log: BootLog = request.getfixturevalue("boot_log")
    expected = Expected(board.target, board.kind.emulation, firmware.app_sha256, variant.sha256, board.mac)
    try:
        plan = Plan(
            run_oracle(variant).fed, bench_untimed="-icount" in str(request.config.getoption("--qemu-extra-args"))
        )
        dut = _dut(request, log)
    except TinygateError as error:
        return Measured(Attempts(error, ()))
    with port_of(dut, log) as port:
        flash_again = _flash_again(dut, log) if board.board == "serial" else None
        attempts = try_to_measure(lambda: measure(port, expected, plan), flash_again)
        if isinstance(attempts.outcome, Run):
            found = _more(request, dut, port, attempts, expected, plan)
            _keep(found.boots, log.console.parent)
            return found
    request.node.add_report_section("setup", "board console", "\n".join(console_tail(log.console)))
    return Measured(attempts)


def _more(
    request: pytest.FixtureRequest, dut: Any, port: Port, first: Attempts, expected: Expected, plan: Plan
) -> Measured:
    """Do what takes boots of their own, if asked for: time again, and the smallest arena."""
    assert isinstance(first.outcome, Run)
    known = first.outcome
    option = request.config.getoption
    try:
        boots = (known, *_more_boots(dut, port, expected, plan, option("--boots") - 1 if known.bench else 0))
        smallest = _minimum_arena(port, expected, known, plan) if option("--arena-search") else None
    except TinygateError as error:
        return Measured(Attempts(error, first.failed))
    return Measured(first, boots, smallest)


def _more_boots(dut: Any, port: Port, expected: Expected, plan: Plan, count: int) -> Iterator[Run]:
    """Measure time again in fresh boots, over a single window: outputs have been compared in the first."""
    brief = plan.last_window()
    for _ in range(count):
        (dut.serial.hard_reset if hasattr(dut, "serial") else dut.hard_reset)()
        yield measure(port, expected, brief)


def _minimum_arena(port: Port, expected: Expected, known: Run, plan: Plan) -> int:
    probe = ArenaProbe(port, expected, known, plan, Deadlines())
    return minimum_arena(probe.works, known.arena.used_bytes, known.arena.configured_bytes)


def _keep(boots: tuple[Run, ...], folder: Path) -> None:
    """Write the evidence beside the logs: one JSON object per boot, and the outputs of the whole test set."""
    lines = (json.dumps(run.to_dict(), sort_keys=True) + "\n" for run in boots)
    (folder / "boots.jsonl").write_text("".join(lines), encoding="ascii")
    if boots:
        np.save(folder / "outputs.npy", boots[0].output)


def _flash_again(dut: Any, log: BootLog) -> Callable[[], None]:
    def flash() -> None:
        with contextlib.redirect_stderr(log):
            dut.serial.flash()

    return flash


def _dut(request: pytest.FixtureRequest, log: BootLog) -> Any:
    try:
        with contextlib.redirect_stderr(log):  # esptool's warnings; its output goes there by pytest-embedded
            return request.getfixturevalue("dut")
    except TinygateError:
        raise
    except (Exception, SystemExit) as error:  # esptool, pyserial and pytest-embedded raise what they like
        reason = f"the board cannot be reached or flashed: {type(error).__name__}: {error}"
        raise LabError(f"{reason}; the tool's output is in {os.path.relpath(log.tool)}") from error


def failure(
    variant: Variant, board: BoardChoice, check: str, verdict: Verdict | None, file: str, error: TinygateError
) -> Finding:
    """Return the finding that a firmware could not be built or measured; without a verdict, that it was tried again."""
    limit = "one boot without a fault"
    return Finding(
        variant.model.name, variant.name, board.place, check, "measured_run", None, limit, verdict, file, str(error)
    )
