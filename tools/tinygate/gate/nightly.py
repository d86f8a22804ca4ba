"""The whole gate: host tests, then target tests, each a pytest run of its own, then one summary over their journal.

Every run has a folder of its own, <report>/runs/<run id>: two gates in one checkout do not see each other's evidence.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
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
    run_id: str = field(default_factory=lambda: f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}")

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


def run_gate(run: GateRun) -> tuple[Summary, tuple[Path, ...]]:
    """Run host and target tests and summarize what they journaled.

    Returns:
        The summary, and the JUnit files of the pytest runs.

    Raises:
        InputError: `run.root` is no project, or there is no such model or variant.
        ConfigError: a model.toml cannot be used.
        InterruptedRunError: a signal ended it.
    """
    begin_report(run.report_dir, run.run_id)
    try:
        return _judged(run)
    except (TinygateError, InterruptedRunError) as error:
        with contextlib.suppress(LabError):  # a disk that takes no more has been told of, and no older verdict is left
            end_report(run.report_dir, run.run_id, str(error))
        raise


def _judged(run: GateRun) -> tuple[Summary, tuple[Path, ...]]:
    selection, in_quarantine = _selected(run), quarantine.load_quarantine(run.root)
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(f"{run.folder}: cannot be made ({error.strerror}); name another --report-dir") from error
    _forget_old_runs(run.folder.parent)
    header = _header(run, selection)
    journal.append(run.journal_path, header)
    _remember_the_start(run, header)
    common = [f"--models-root={run.models_root}", f"--report-dir={run.folder}"]
    common += [f"--model={model.name}" for model in selection.models]
    common += [f"--variant={name}" for name in run.variant_names]
    junit = tuple(_run_pytest(run, name, [*args, *common], place) for name, place, args in _suites(run))
    today = datetime.datetime.now(datetime.UTC).date()
    expected = expected_checks(selection, run.places)
    found, told = quarantine.apply(journal.read(run.journal_path), in_quarantine, expected, today)
    return summarize(found, expected, run.places, (*selection.left_out, *told)), junit


def _suites(run: GateRun) -> Iterator[tuple[str, str, list[str]]]:
    """Yield each session: its name, the place of its board, and what pytest is told."""
    yield "host", "", ["tests_host", "-p", "no:pytest_embedded"]
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


def _run_pytest(run: GateRun, name: str, args: Sequence[str], place: str = "") -> Path:
    junit = run.folder / f"{name}.xml"
    command = [sys.executable, "-m", "pytest", "-q", f"--journal={run.journal_path}", f"--junit-xml={junit}", *args]
    print(f"# {name}: pytest {' '.join(args)}", flush=True)
    before = len(journal.read(run.journal_path).tests)
    code = run_session(command, run.root, name)
    outcome = _session_verdict(args[0], code, journal.read(run.journal_path).tests[before:], junit)
    if outcome is not None:
        journal.append(run.journal_path, journal.session_outcome(args[0], *outcome, place))
    return junit


def _session_verdict(
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
