"""The journal: one JSON object a line, appended and synced, never rewritten. It is the truth a report is made from."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinygate.errors import EvidenceError, LabError
from tinygate.verdict import Finding, Verdict


@dataclass(frozen=True)
class TestOutcome:
    """How one test ended.

    Attributes:
        node_id: pytest's name of the test.
        subject: the variant it judged, "gesture-ptq_int8"; empty for a test of the gate or of a whole model.
        verdict: None for a skipped test.
        message: why it failed or was skipped.
    """

    __test__ = False  # pytest must not collect it

    node_id: str
    subject: str
    verdict: Verdict | None
    message: str
    duration_s: float


@dataclass(frozen=True)
class Journal:
    """What was read from a journal; `notices` tell of lines that were dropped."""

    findings: tuple[Finding, ...]
    tests: tuple[TestOutcome, ...]
    notices: tuple[str, ...]


def append(path: Path, record: Finding | TestOutcome) -> None:
    """Append one record and wait until it is on the disk. Raises LabError when the disk does not take it."""
    kind = "finding" if isinstance(record, Finding) else "test"
    line = json.dumps({"kind": kind, **asdict(record)}, ensure_ascii=True) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="ascii") as journal:
            journal.write(line)
            journal.flush()
            os.fsync(journal.fileno())
    except OSError as error:
        raise LabError(f"{path}: the journal cannot be written ({error.strerror}); free space and run again") from error


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
    findings = tuple(record for record in records if isinstance(record, Finding))
    tests = tuple(record for record in records if isinstance(record, TestOutcome))
    return Journal(findings, tests, notices)


def _parse(path: Path, number: int, line: str) -> Finding | TestOutcome:
    try:
        fields: dict[str, Any] = json.loads(line)
        kind = fields.pop("kind")
        fields["verdict"] = None if fields["verdict"] is None else Verdict(fields["verdict"])
        return Finding(**fields) if kind == "finding" else TestOutcome(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise EvidenceError(f"{path}:{number}: not a record ({error}); this evidence cannot be trusted") from error
