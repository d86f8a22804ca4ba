"""The journal of a run: one JSON object a line, appended, never rewritten. It is the truth a report is made from.

A line is in the operating system's hands when `append` returns, so that a killed run loses none; it is on the disk when
the session ends. The first line of a whole run is its header: who ran, when, of what, and what had to be judged.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tinygate.errors import EvidenceError, LabError
from tinygate.redaction import redact
from tinygate.store.disk import append_whole, disk_error
from tinygate.store.lab_log import LabEvent
from tinygate.verdict import Finding, Verdict


@dataclass(frozen=True)
class Header:
    """What a run is.

    Attributes:
        run_id: its name, unique on this machine.
        started: UTC, ISO 8601.
        place: where its target tests run; several joined by " and ".
        models, variants: what it judges; no variants means all of them.
        versions: packages and commit that judge.
    """

    run_id: str
    started: str
    place: str
    models: tuple[str, ...]
    variants: tuple[str, ...]
    versions: dict[str, str]


@dataclass(frozen=True)
class TestOutcome:
    """How one test ended.

    Attributes:
        node_id: pytest's name of the test.
        check, case: the test function's name, and what it was asked of.
        subject: the variant it judged, "gesture-ptq_int8"; empty for a test of the gate or of a whole model.
        verdict: None for a skipped test.
        message: why it failed or was skipped.
        judged: how many findings it gave.
        excused: whether it was skipped for a reason that the gate accepts.
        stand_in: the file of what answered in place of the package's own test or one of its fixtures; empty if nothing.
        told_by: the test that has told of the failure that kept this one from running.
        place: where its session ran the firmware; empty without a board.
        lab_place: the lab's name for where that board was; empty without a lab.
        is_the_labs: whether it ended in an error of board, port or link.
    """

    __test__ = False  # pytest must not collect it

    node_id: str
    check: str
    case: str
    subject: str
    verdict: Verdict | None
    message: str
    judged: int
    excused: bool
    duration_s: float
    stand_in: str = ""
    told_by: str = ""
    place: str = ""
    lab_place: str = ""
    is_the_labs: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether the check has been answered: by judging something, by not passing, or by being excused."""
        return self.excused or (self.verdict is not None and (self.judged > 0 or self.verdict is not Verdict.PASS))


def session_outcome(suite: str, verdict: Verdict, reason: str, place: str = "") -> TestOutcome:
    """Return the outcome of a whole pytest session that did not run to its end."""
    return TestOutcome(f"{suite} (the run itself)", "", "", "", verdict, reason, 0, False, 0.0, place=place)


Record = Header | Finding | TestOutcome | LabEvent
_KINDS: dict[str, type[Record]] = {"run": Header, "finding": Finding, "test": TestOutcome, "lab": LabEvent}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True)
class Journal:
    """What was read from a journal; `notices` tell of lines that were dropped, `lab` of what happened to places."""

    header: Header | None
    findings: tuple[Finding, ...]
    tests: tuple[TestOutcome, ...]
    notices: tuple[str, ...]
    lab: tuple[LabEvent, ...] = ()


class JournalWriter:
    """Appends records to a journal. Raises LabError when the disk does not take one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None

    def append(self, record: Record) -> None:
        """Append one record in one write, without the secrets that it may quote."""
        fields: dict[str, Any] = _redacted(asdict(record))
        line = json.dumps({"kind": _NAMES[type(record)], **fields}, ensure_ascii=True) + "\n"
        with self._explained():
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("ab", buffering=0)
            append_whole(self._file, line.encode("ascii"))

    def close(self) -> None:
        """Wait until everything is on the disk."""
        file, self._file = self._file, None
        if file is not None:
            with self._explained(), file:
                os.fsync(file.fileno())

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            error.filename = error.filename or str(self._path)
            raise disk_error(error) or LabError(f"{self._path}: cannot be written ({error.strerror})") from error


def _redacted(value: Any) -> Any:
    """Return a value as it stands, but for the secrets in its text, however deep."""
    if type(value) is str:
        return redact(value)
    if isinstance(value, dict):
        return {name: _redacted(part) for name, part in value.items()}
    return [_redacted(part) for part in value] if isinstance(value, list | tuple) else value


def append(path: Path, record: Record) -> None:
    """Append one record and wait until it is on the disk. Raises LabError when the disk does not take it."""
    with closing(JournalWriter(path)) as writer:
        writer.append(record)


def read(path: Path) -> Journal:
    """Read a journal.

    A torn last line, as a killed run leaves it, is dropped with a notice.

    Raises:
        EvidenceError: there is no journal, or a line before the last is no record.
    """
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise EvidenceError(f"{path}: no journal ({error.strerror}); nothing was judged") from error
    lines = text.split("\n")
    notices = (f"{path}: the last line was torn and is dropped",) if lines.pop() else ()
    records = [_parse(path, number, line) for number, line in enumerate(lines, 1)]
    header = next((record for record in records if isinstance(record, Header)), None)
    findings = tuple(record for record in records if isinstance(record, Finding))
    tests = tuple(record for record in records if isinstance(record, TestOutcome))
    happened = tuple(record for record in records if isinstance(record, LabEvent))
    return Journal(header, findings, tests, notices, happened)


def _parse(path: Path, number: int, line: str) -> Record:
    try:
        fields: dict[str, Any] = json.loads(line)
        kind = _KINDS[fields.pop("kind")]
        if "verdict" in fields:
            fields["verdict"] = None if fields["verdict"] is None else Verdict(fields["verdict"])
        make: Any = kind
        record: Record = make(**{name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EvidenceError(f"{path}:{number}: not a record ({error}); this evidence cannot be trusted") from error
    return record
