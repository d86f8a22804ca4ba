"""One firmware on one board, measured through what pytest-embedded set up; the evidence is kept beside the logs."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.board.arena_search import ArenaProbe, minimum_arena
from tinygate.board.attempts import Attempts, try_to_measure
from tinygate.board.deadlines import Deadlines
from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog, console_tail, redact_log
from tinygate.board.plausible import check_new_boot
from tinygate.board.port import Port, port_of, reopen
from tinygate.board.run import measure
from tinygate.board.shared_set import SharedSet
from tinygate.errors import LabError, TargetError, TinygateError
from tinygate.gate.progress import Progress, Step
from tinygate.judge.baseline import looks_slower, timed_figures
from tinygate.judge.described import board_split
from tinygate.judge.oracle import run_board_oracle
from tinygate.judge.preprocessing import raw_plan
from tinygate.judge.regression import boots_needed
from tinygate.model.baseline import Entry
from tinygate.model.evaluation import real_windows
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import progress_key, selection_of
from tinygate.targets.firmware import Firmware, Ingredients
from tinygate.targets.rig import Rig
from tinygate.tflite import read_model
from tinygate.tflite.model import NUMPY_TYPES
from tinygate.tflm.work import multiplications
from tinygate.verdict import Finding, Verdict

_BITS_PER_BYTE = 10  # start, 8 data, stop
_SLOWEST_PER_S = 1e6  # multiplications: reference kernels in floating point on a chip without such a unit do twice that
_SHORTEST_INVOKE_S = 0.05
CRASH_LINES = 400  # a panic, and what the next boots print after it


@dataclass(frozen=True)
class Measured:
    """What became of a firmware on a board.

    Attributes:
        attempts: the run of its first boot, or the error that ended the last attempt.
        boots: that run and those of further boots; empty when there is no run.
        fresh: boots that were measured because the first ones looked slower than the baseline.
        made_from: what the firmware was made from.
        minimum_arena_bytes: the smallest arena that works; None when nobody asked.
        crash: the call stack that the console shows, if the application crashed.
        console: the last lines of a board that was not measured.
    """

    attempts: Attempts
    boots: tuple[Run, ...] = ()
    fresh: tuple[Run, ...] = ()
    made_from: Ingredients | None = None
    minimum_arena_bytes: int | None = None
    crash: str = ""
    console: tuple[str, ...] = ()


@dataclass(frozen=True)
class Held:
    """What a variant is held against, and how much of time the session judges in all; no entry holds nothing."""

    entry: Entry | None
    timed: int
    least_percent: float

    @property
    def boots(self) -> int:
        """How many boots decide; 1 where no time is judged."""
        return boots_needed(len(self.entry.latency_us), self.timed) if self.entry and self.entry.timed else 1


def held(config: pytest.Config, board: BoardChoice, variant: Variant) -> Held:
    """Return the baseline of a variant at a place. Raises ConfigError: it cannot be read."""
    timed = timed_figures(selection_of(config).target_variants, board.place)
    least = variant.model.config.baseline.least_slowdown_percent
    return Held(variant.model.baseline.entry(variant.name, board.place), timed, least)


@dataclass(frozen=True)
class Task:
    """What must be measured of one firmware, how long that may take, and who is told meanwhile."""

    name: str
    expected: Expected
    plan: Plan
    deadlines: Deadlines
    progress: Progress

    def measure(self, port: Port, plan: Plan, reset_at: float) -> Run:
        """Measure one boot, which began after `reset_at`; see `tinygate.board.run.measure`."""
        window_bytes = len(plan.window(0))

        def watch(windows: int) -> None:
            streaming = Step(f"streaming {self.name}:", windows, plan.count, "windows", window_bytes)
            self.progress.say(
                streaming if windows < plan.count else Step(f"asking {self.name} for time, profile and health")
            )

        return measure(port, self.expected, plan, self.deadlines, reset_at, watch)


def _task(request: pytest.FixtureRequest, board: BoardChoice, variant: Variant, firmware: Firmware) -> Task:
    tflite = read_model(variant.content)
    inputs, outputs = (tuple((t.dtype, t.shape) for t in tensors) for tensors in (tflite.inputs, tflite.outputs))
    app, chip_id = firmware.app_sha256, board.mac
    expected = Expected(board.target, board.kind.emulation, app, variant.sha256, chip_id, inputs, outputs)
    counts_instructions = "-icount" in str(request.config.getoption("--qemu-extra-args"))
    longest_s = max(_SHORTEST_INVOKE_S, multiplications(tflite) / _SLOWEST_PER_S)
    oracle, sharing = run_board_oracle(variant), _sharing(request.config, board, variant)
    plan = Plan(
        oracle.fed,
        resets=oracle.resets,
        bench_running=variant.application is not None,
        bench_untimed=counts_instructions,
        invoke_s=longest_s,
        raw=raw_plan(variant, oracle, len(sharing)),
        shared=_shared_set(variant, sharing),
        line_baud=request.config.getoption("--line-baud"),
    )
    bytes_per_s = int(firmware.console_baud or 115_200) / _BITS_PER_BYTE
    progress = request.config.stash[progress_key]
    kind = board.kind
    deadlines = Deadlines(kind.boot_s, kind.quiet_s, settle_s=kind.settle_s, bytes_per_s=bytes_per_s)
    return Task(variant.id, expected, plan, deadlines, progress)


def _sharing(config: pytest.Config, board: BoardChoice, variant: Variant) -> list[Variant]:
    """Return the variants that may share a test set on the board; none for an emulator that forgets.

    At a place of a lab these are all of the model: the others are jobs of their own, here among other places.
    """
    chosen = selection_of(config).target_variants
    if config.getoption("--lab-place"):
        chosen = variant.model.target_variants
    sharing = [other for other in chosen if other.model is variant.model]
    return sharing if board.kind.flashes and len(sharing) > 1 else []


def _shared_set(variant: Variant, sharing: Sequence[Variant]) -> SharedSet | None:
    """Return a model's test set in real values for boards that may keep it; None where nobody shares it."""
    split = board_split(variant.model)
    content = real_windows(read_model(variant.content), split, f"variant {variant.name}") if sharing else b""
    inputs = (tensor for other in sharing for tensor in read_model(other.content).inputs)
    window_bytes = sum(
        np.dtype(NUMPY_TYPES[t.dtype]).itemsize * prod(t.shape) for t in inputs if t.dtype in NUMPY_TYPES
    )
    return SharedSet(content, len(split) * window_bytes) if content else None


def measured(request: pytest.FixtureRequest, board: BoardChoice, variant: Variant, firmware: Firmware) -> Measured:
    """Flash, boot and measure; raises nothing that a run can end of."""
    log: BootLog = request.getfixturevalue("boot_log")
    try:
        task, against = _task(request, board, variant, firmware), held(request.config, board, variant)
        began = time.monotonic()
        task.progress.say(Step(f"{'flashing' if board.kind.flashes else 'starting'} {variant.id}"))
        dut = _dut(request, log)
        rig: Rig | None = request.getfixturevalue("_rig")
        if rig:
            rig.flash()  # the port is open by now: nothing of this boot is missed
    except TinygateError as error:
        return Measured(Attempts(error, ()))
    with port_of(dut, log) as port:
        flash_again = _flash_again(dut, rig, log) if board.is_remote else None
        attempts = try_to_measure(lambda: task.measure(port, task.plan, began), flash_again)
        if isinstance(attempts.outcome, Run):
            made_from = board.family.ingredients(firmware.folder)
            found = replace(_more(request, rig or dut, port, attempts, task, against), made_from=made_from)
            _keep(found, log.console.parent)
            redact_log(log.console)
            return found
    redact_log(log.console)
    console = console_tail(log.console)
    request.node.add_report_section("setup", "board console", "\n".join(console))
    is_crash = isinstance(attempts.outcome, TargetError)
    lines = console_tail(log.console, CRASH_LINES) if is_crash else ()
    crash = board.family.where_it_crashed(lines, firmware.folder, board.target)
    return Measured(attempts, crash=crash, console=console)


def _more(
    request: pytest.FixtureRequest, board: Any, port: Port, first: Attempts, task: Task, against: Held
) -> Measured:
    """Do what takes boots of their own, if asked for: time again, time to confirm, and the smallest arena.

    `board` is a rig, or pytest-embedded's.
    """
    assert isinstance(first.outcome, Run)
    known = first.outcome
    option = request.config.getoption
    try:
        boots = _boots(board, port, task, (known,), (option("--boots") or against.boots) if known.bench else 1)
        suspicious = against.entry is not None and looks_slower(against.entry, boots, against.least_percent)
        fresh = _boots(board, port, task, boots, len(boots) + against.boots)[len(boots) :] if suspicious else ()
        smallest = _minimum_arena(port, task, known) if option("--arena-search") else None
    except TinygateError as error:
        return Measured(Attempts(error, first.failed))
    return Measured(first, boots, fresh=fresh, minimum_arena_bytes=smallest)


def _boots(board: Any, port: Port, task: Task, known: tuple[Run, ...], count: int) -> tuple[Run, ...]:
    """Measure time again in boots, over a single window, until there are `count`: the first has compared outputs."""
    boots, brief = list(known), task.plan.last_window()
    while len(boots) < count:
        task.progress.say(Step(f"timing {task.name}, boot", len(boots) + 1, count))
        reset_at = time.monotonic()
        _reset(board)
        boots.append(task.measure(port, brief, reset_at))
        check_new_boot(boots)
    return tuple(boots)


def _reset(board: Any) -> None:
    """Reset a rig, or what a service of pytest-embedded drives: over a serial port, or as an emulator."""
    if hasattr(board, "reset"):
        board.reset()
    else:
        getattr(board, "serial", board).hard_reset()


def _minimum_arena(port: Port, task: Task, known: Run) -> int:
    task.progress.say(Step(f"looking for the smallest arena of {task.name}"))
    probe = ArenaProbe(port, task.expected, known, task.plan, task.deadlines)
    return minimum_arena(probe.works, known.arena.used_bytes, known.arena.configured_bytes)


def _keep(found: Measured, folder: Path) -> None:
    """Write the evidence beside the logs: a JSON object per boot, what was run, and the outputs of the test set."""
    for name, boots in (("boots.jsonl", found.boots), ("confirmation.jsonl", found.fresh)):
        lines = (json.dumps(run.to_dict(), sort_keys=True) + "\n" for run in boots)
        if boots:
            (folder / name).write_text("".join(lines), encoding="ascii")
    if found.boots and found.made_from:
        (folder / "firmware.json").write_text(json.dumps(asdict(found.made_from)) + "\n", encoding="ascii")
        np.save(folder / "outputs.npy", found.boots[0].output)


def _flash_again(dut: Any, rig: Rig | None, log: BootLog) -> Callable[[], None]:
    def flash() -> None:
        reopen(dut.serial.proc)
        with contextlib.redirect_stderr(log):
            (rig or dut.serial).flash()

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
    variant: Variant,
    board: BoardChoice,
    check: str,
    verdict: Verdict | None,
    file: str,
    error: TinygateError,
    note: str = "",
    console: tuple[str, ...] = (),
) -> Finding:
    """Return the finding that a firmware could not be built or measured; without a verdict, that it was tried again."""
    limit, subject = "one boot without a fault", (variant.model.name, variant.name, board.place)
    detail: dict[str, Any] = {"console": console} if console else {}
    if isinstance(error, LabError):
        detail["is_the_labs"] = True
    return Finding(*subject, check, "measured_run", None, limit, verdict, file, str(error), note, detail=detail)
