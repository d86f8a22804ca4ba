"""One job: a pytest session that judges one variant on one place, as a process, and what it says when it has ended.

Jobs are forked from a process that has imported what they all need: a session then costs a fraction of a second of
processor time before the board has its first byte.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.forkserver import ensure_running
from pathlib import Path

from tinygate.errors import EvidenceError
from tinygate.gate.nightly import session_verdict
from tinygate.gate.session import die_with_parent
from tinygate.lab.schedule import Work
from tinygate.store import journal
from tinygate.verdict import Verdict

END_S = 20.0
_WARM = "tinygate.lab.warm"
ARGUMENTS_VARIABLE = "TINYGATE_LAB_WARM"
"""Tells what jobs are forked from what they will collect, a JSON array of arguments of pytest."""
_JOURNAL = "journal.jsonl"


def warm_context(arguments: Sequence[str]) -> ForkServerContext:
    """Start what jobs are forked from; it imports while others run.

    Args:
        arguments: what pytest is told by all of them.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([_WARM])
    os.environ[ARGUMENTS_VARIABLE] = json.dumps(arguments)
    try:
        ensure_running()
    finally:
        del os.environ[ARGUMENTS_VARIABLE]
    return context


@dataclass
class Job:
    """A session under way at a place.

    Attributes:
        work: what it judges.
        place: the lab's name for where.
        folder: its journal, JUnit file and output.
        process: the session.
    """

    work: Work
    place: str
    folder: Path
    process: ForkServerProcess = field(repr=False)

    @property
    def journal_path(self) -> Path:
        """What it decided."""
        return self.folder / _JOURNAL

    @property
    def junit_path(self) -> Path:
        """Its JUnit file; the name says what ran where."""
        return self.folder / _junit_name(self.work, self.place)

    def ask_to_end(self) -> None:
        """Interrupt it: it closes its board and says what it knows."""
        if self.process.pid is not None and self.process.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGINT)

    def stop(self) -> None:
        """Wait until it has ended, and end it at any rate after a while."""
        self.process.join(END_S)
        self.process.kill()
        self.process.join()

    def outcome(self) -> Outcome:
        """Return what became of it, once it has ended."""
        code = self.process.exitcode
        try:
            found = journal.read(self.journal_path)
        except EvidenceError as error:
            found = journal.Journal(None, (), (), ())
            trouble: tuple[Verdict, str] | None = (Verdict.ERROR, f"{self.work.id} at {self.place}: {error}")
        else:
            trouble = session_verdict("tests_target", 3 if code is None else code, found.tests, self.junit_path)
        return Outcome(found, trouble)


@dataclass(frozen=True)
class Outcome:
    """What a job said.

    Attributes:
        journal: its findings and tests.
        trouble: what is wrong with the session as a whole; None if it ran to its end.
    """

    journal: journal.Journal
    trouble: tuple[Verdict, str] | None

    @property
    def verdicts(self) -> set[Verdict]:
        """All that were given."""
        found = {test.verdict for test in self.journal.tests} | {self.trouble[0] if self.trouble else None}
        return {verdict for verdict in found if verdict is not None}

    @property
    def is_fail(self) -> bool:
        """Whether the firmware is to blame for something: nothing takes that back."""
        return Verdict.FAIL in self.verdicts

    @property
    def board_fault(self) -> str:
        """Why the place is to blame, if it is: the board, its port or its link. A FAIL beside it is the firmware's."""
        if self.is_fail:
            return ""
        tests = [test.message for test in self.journal.tests if test.is_the_labs and not test.told_by]
        runs = [f.reason for f in self.journal.findings if f.check == "run" and f.detail.get("is_the_labs")]
        others = [f.reason for f in self.journal.findings if f.check == "identity" and f.verdict is Verdict.ERROR]
        return next(iter([*runs, *tests, *others]), "")

    @property
    def is_the_labs(self) -> bool:
        """Whether it may be tried elsewhere."""
        broke = self.trouble is not None and self.trouble[0] is Verdict.ERROR
        return bool(self.board_fault) or (broke and not self.is_fail)


def start(
    context: ForkServerContext, arguments: Sequence[str], root: Path, work: Work, place: str, folder: Path
) -> Job:
    """Start a job.

    Args:
        context: see `warm_context`.
        arguments: what pytest is told, without the journal and the JUnit file.
        root: the project.
        work: what it judges.
        place: where.
        folder: made for it; gets its journal, JUnit file and output.
    """
    folder = folder.absolute()
    folder.mkdir(parents=True)
    own = [f"--journal={folder / _JOURNAL}", f"--junit-xml={folder / _junit_name(work, place)}"]
    process = context.Process(target=_session, args=([*arguments, *own], str(root), str(folder / "output.txt")))
    process.start()
    return Job(work, place, folder, process)


def _junit_name(work: Work, place: str) -> str:
    return f"target-{work.id}@{place}.xml"


def _session(arguments: list[str], root: str, output: str) -> None:
    """Run pytest; the whole life of a job's process."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background of a shell ignores it
    os.setsid()  # a terminal's Ctrl-C goes to the run, which interrupts its jobs, once
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.chdir(root)
    import pytest

    code = int(pytest.main(arguments))
    print(f"{time.process_time():.2f} s of processor time")
    sys.exit(code)
