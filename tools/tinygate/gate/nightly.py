"""The whole gate: host tests, then target tests, each a pytest run of its own, then one summary over their journal.

Every run has a folder of its own, <report>/runs/<run id>: two gates in one checkout do not see each other's evidence.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tinygate.errors import EvidenceError, InputError, LabError, TinygateError
from tinygate.gate import quarantine
from tinygate.gate.cases import expected_checks
from tinygate.gate.session import InterruptedRunError, run_session
from tinygate.model.selection import Selection, select
from tinygate.places import place_of
from tinygate.report.junit import failures
from tinygate.report.summary import Summary, summarize
from tinygate.report.versions import versions
from tinygate.report.write import begin_report, end_report
from tinygate.store import journal
from tinygate.store.ledger import FOLDER, Ledger, Started
from tinygate.verdict import Verdict

KEPT_RUNS = 20
SUITES = ("tests_host", "tests_target")


@dataclass(frozen=True)
class Device:
    """A chip on a kind of board."""

    target: str
    board: str

    @property
    def place(self) -> str:
        """Where figures measured there belong, see `tinygate.places`."""
        return place_of(self.target, self.board)


def new_run_id() -> str:
    """Return a name that no other run has: when it began, and by which process."""
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"


@dataclass(frozen=True)
class GateRun:
    """What to judge, where, and where to put the evidence.

    Attributes:
        root: the project: where tests_host and tests_target stand.
        report_dir: where reports go; the run's own folder is below it.
        devices: chips, and the kind of board that each is on.
        pytest_args: further options of the target tests.
        store: the folder that remembers runs, and outlives the reports.
    """

    root: Path
    report_dir: Path
    devices: tuple[Device, ...]
    models_root: Path = Path("models")
    model_names: tuple[str, ...] = ()
    variant_names: tuple[str, ...] = ()
    pytest_args: tuple[str, ...] = ()
    store: Path = Path(FOLDER)
    run_id: str = field(default_factory=new_run_id)

    @property
    def places(self) -> tuple[str, ...]:
        """Where the target tests run, see `tinygate.places`."""
        return tuple(device.place for device in self.devices)

    @property
    def folder(self) -> Path:
        """The evidence of this run: its journal, JUnit files and logs."""
        return self.report_dir / "runs" / self.run_id

    @property
    def journal_path(self) -> Path:
        """The journal."""
        return self.folder / "journal.jsonl"


Spread = Callable[[GateRun, Selection], Sequence[Path]]
"""Judges firmware on boards in more than one session: journals what they decide, returns their JUnit files."""


def run_gate(run: GateRun, spread: Spread | None = None) -> tuple[Summary, tuple[Path, ...]]:
    """Run host and target tests and summarize what they journaled.

    Args:
        run: what to judge, and where.
        spread: what runs the target tests; None for one session per device.

    Returns:
        The summary, and the JUnit files of the pytest runs.

    Raises:
        InputError: `run.root` is no project, or there is no such model or variant.
        ConfigError: a model.toml cannot be used.
        InterruptedRunError: a signal ended it.
    """
    begin_report(run.report_dir, run.run_id)
    try:
        return _judged(run, spread)
    except (TinygateError, InterruptedRunError) as error:
        with contextlib.suppress(LabError):  # a disk that takes no more has been told of, and no older verdict is left
            end_report(run.report_dir, run.run_id, str(error))
        raise


def _judged(run: GateRun, spread: Spread | None) -> tuple[Summary, tuple[Path, ...]]:
    selection, in_quarantine = _selected(run), quarantine.load_quarantine(run.root)
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{run.folder}: cannot be made ({error.strerror}); name another --report-dir") from error
    _forget_old_runs(run.folder.parent)
    header = _header(run, selection)
    journal.append(run.journal_path, header)
    _remember_the_start(run, header)
    junit = [run_suite(run, selection, "host", ["tests_host", "-p", "no:pytest_embedded"])]
    if spread is not None:
        junit += spread(run, selection)
    else:
        junit += [run_suite(run, selection, name, args, place) for name, place, args in _target_suites(run)]
    today = datetime.datetime.now(datetime.UTC).date()
    expected = expected_checks(selection, run.places)
    found, told = quarantine.apply(journal.read(run.journal_path), in_quarantine, expected, today)
    return summarize(found, expected, run.places, (*selection.left_out, *told)), tuple(junit)


def _target_suites(run: GateRun) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each session on a board: its name, the board's place, and what pytest is told."""
    for device in run.devices:
        name = "target" if len(run.devices) == 1 else f"target-{device.place}"
        board = [f"--target={device.target}", f"--board={device.board}"]
        yield name, device.place, ["tests_target", *board, *run.pytest_args]


def _selected(run: GateRun) -> Selection:
    for suite in SUITES:
        if not (run.root / suite).is_dir():
            raise InputError(
                f"{run.root}: no {suite} here; run the gate in the root of a tinygate project, "
                "or make this folder one with `tinygate init`"
            )
    return select(run.models_root, run.model_names, run.variant_names)


def _header(run: GateRun, selection: Selection) -> journal.Header:
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    models = tuple(model.name for model in selection.models)
    return journal.Header(run.run_id, started, " and ".join(run.places), models, run.variant_names, versions())


def _remember_the_start(run: GateRun, header: journal.Header) -> None:
    """Append to the store that the run has begun; what cannot be kept is told when it has ended."""
    ledger = Ledger(run.store)
    with contextlib.suppress(LabError):
        ledger.append(Started(run.run_id, header.started, header.place, header.versions["commit"]))
    for notice in ledger.notices:
        print(f"tinygate: {notice}", file=sys.stderr, flush=True)


def _forget_old_runs(folder: Path) -> None:
    """Keep the newest runs; their names sort by time."""
    for old in sorted(path for path in folder.iterdir() if path.is_dir())[:-KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)


def run_suite(run: GateRun, selection: Selection, name: str, args: Sequence[str], place: str = "") -> Path:
    """Run one pytest session, journal what is wrong with it as a whole, and return its JUnit file.

    Args:
        run: the run that it is part of.
        selection: what it judges.
        name: what to call it.
        args: what pytest is told beside that; the suite first.
        place: where its board is; empty on the host.
    """
    junit = run.folder / f"{name}.xml"
    args = [*args, f"--models-root={run.models_root}", f"--report-dir={run.folder}"]
    args += [f"--model={model.name}" for model in selection.models]
    args += [f"--variant={name}" for name in selection.variant_names]
    command = [sys.executable, "-m", "pytest", "-q", f"--journal={run.journal_path}", f"--junit-xml={junit}", *args]
    print(f"# {name}: pytest {' '.join(args)}", flush=True)
    before = len(journal.read(run.journal_path).tests)
    code = run_session(command, run.root, name)
    outcome = session_verdict(args[0], code, journal.read(run.journal_path).tests[before:], junit)
    if outcome is not None:
        journal.append(run.journal_path, journal.session_outcome(args[0], *outcome, place))
    return junit


def session_verdict(
    suite: str, code: int, tests: Sequence[journal.TestOutcome], junit: Path
) -> tuple[Verdict, str] | None:
    """Return what is wrong with a session as a whole; None if it ran to its end and its journal speaks for it.

    Journal, exit code and JUnit file are three witnesses of one run: who would silence a failure has to silence all.
    """
    see = "see its output above"
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return Verdict.INCONCLUSIVE, f"pytest {suite} judged nothing; {see}"
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return Verdict.ERROR, f"pytest {suite} ended with exit code {code} and did not run to its end; {see}"
    if not junit.is_file():
        why = "its JUnit plugin is switched off, or the disk is full"
        return Verdict.ERROR, f"pytest {suite} wrote no {junit.name}: {why}"
    try:
        failed = code == pytest.ExitCode.TESTS_FAILED or failures(junit) > 0
    except EvidenceError as error:
        return Verdict.ERROR, str(error)
    if failed and not any(test.verdict not in (None, Verdict.PASS) for test in tests):
        return Verdict.ERROR, f"pytest {suite} failed, and none of its tests says why; {see}"
    return None
