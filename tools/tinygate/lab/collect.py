"""What comes of jobs, as one journal: each variant's last job speaks for it, in the order of the variants.

Jobs that ended in an ERROR of the lab's before it are told as attempts, and keep their journals in the run's folder.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinygate.errors import LabError
from tinygate.gate.nightly import GateRun
from tinygate.lab.job import Job, Outcome
from tinygate.lab.schedule import Work
from tinygate.store import journal
from tinygate.store.lab_log import ASIDE_S, LabEvent, append_event, now
from tinygate.verdict import Finding, Verdict, worst

SUITE = "tests_target"


@dataclass(frozen=True)
class _Attempt:
    """A job that was tried elsewhere after it."""

    place: str
    reason: str
    junit: Path


class Collected:
    """Everything that a run hears from its lab, journaled as it happens; results when all are in."""

    def __init__(self, run: GateRun, work: Sequence[Work]) -> None:
        self._run, self._work = run, work
        self._attempts: dict[Work, list[_Attempt]] = {}
        self._last: dict[Work, tuple[Job, Outcome]] = {}
        self._never: dict[Work, str] = {}

    def event(self, what: str, place: str = "", work: str = "", outcome: str = "", reason: str = "") -> None:
        """Journal what happened to a place, for this run and for the lab."""
        moment = now()
        until = moment + datetime.timedelta(seconds=ASIDE_S) if what == "set_aside" else None
        times = [at.isoformat(timespec="seconds") if at else "" for at in (moment, until)]
        event = LabEvent(times[0], self._run.run_id, what, place, work, outcome, reason, times[1])
        journal.append(self._run.journal_path, event)
        with contextlib.suppress(LabError):  # the run's own journal has it
            append_event(self._run.store, event)

    def ended(self, job: Job, outcome: Outcome, is_settled: bool, lost: str = "") -> None:
        """Take in a job that has ended."""
        why = lost or outcome.board_fault or (outcome.trouble[1] if outcome.trouble else "")
        self.event("ended", job.place, job.work.id, str(worst(outcome.verdicts)), why)
        if is_settled:
            self._last[job.work] = (job, outcome)
        else:
            self._attempts.setdefault(job.work, []).append(_Attempt(job.place, why, job.junit_path))
            self._put_logs_aside(job)
        verdict = worst(outcome.verdicts)
        told = f"{verdict}" if is_settled else f"ERROR, and goes elsewhere: {why}"
        see = "" if verdict is Verdict.PASS else f"; its output: {os.path.relpath(job.folder / 'output.txt')}"
        print(f"# lab: {job.work.id} at {job.place}: {told}{see}", flush=True)

    def nothing_more(self, work: Iterable[Work], reason: str) -> None:
        """Take note of work that no place will do."""
        self._never |= dict.fromkeys(work, reason)

    def _put_logs_aside(self, job: Job) -> None:
        logs = self._run.folder / "logs" / self._run.places[0] / job.work.id
        if logs.is_dir():
            logs.rename(job.folder / "logs")

    def write(self) -> list[Path]:
        """Append the results to the run's journal, in the order of the variants; return the JUnit files."""
        with contextlib.closing(journal.JournalWriter(self._run.journal_path)) as writer:
            for work in self._work:
                for attempt in self._attempts.get(work, ()):
                    writer.append(self._told(work, attempt))
                for record in self._records(work):
                    writer.append(record)
        missing = {work: reason for work, reason in self._never.items() if work not in self._last}
        for work, reason in missing.items():
            print(f"tinygate: {work.id} was judged at no place: {reason}", file=sys.stderr, flush=True)
        return [job.junit_path for work in self._work for job, _ in [self._last.get(work, (None, None))] if job]

    def _told(self, work: Work, attempt: _Attempt) -> Finding:
        reason = f"at {attempt.place}: {attempt.reason}"
        subject = work.model, work.variant, self._run.places[0]
        return Finding(*subject, "attempt", "measured_run", None, "one boot without a fault", None, "", reason)

    def _records(self, work: Work) -> list[journal.Record]:
        if work not in self._last:
            reason = self._never.get(work, "the run ended before it")
            tried = self._attempts.get(work, ())
            why = f"{work.id} was judged at no place: {reason}" + "".join(f"; at {a.place}: {a.reason}" for a in tried)
            return [journal.session_outcome(SUITE, Verdict.ERROR, why, self._run.places[0])]
        job, outcome = self._last[work]
        found: list[journal.Record] = [*outcome.journal.findings, *outcome.journal.tests]
        if outcome.trouble is not None:
            found.append(
                journal.session_outcome(f"{SUITE} of {work.id} at {job.place}", *outcome.trouble, self._run.places[0])
            )
        return found
