"""The journal keeps what was written, drops a torn last line with a notice, refuses a corrupt middle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tinygate.errors import EvidenceError, LabError
from tinygate.store import journal
from tinygate.verdict import Finding, Verdict

FINDING = Finding("gesture", "ptq_int8", "host", "budget", "tflite_bytes", 14_000, "≤ 15000", Verdict.PASS, "f", "why")
HEADER = journal.Header(
    "20261126T0000Z-1", "2026-11-26T00:00:00+00:00", "esp32-virtual", ("gesture",), (), {"numpy": "2"}
)
OUTCOME = journal.TestOutcome("tests_host/test_x.py::test_y", "test_y", "", "", None, "no board", 0, True, 0.25)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal.append(tmp_path / "new" / "journal.jsonl", HEADER)
    journal.append(tmp_path / "new" / "journal.jsonl", FINDING)
    journal.append(tmp_path / "new" / "journal.jsonl", OUTCOME)
    return tmp_path / "new" / "journal.jsonl"


def test_records_come_back_as_they_were_written(path: Path) -> None:
    assert journal.read(path) == journal.Journal(HEADER, (FINDING,), (OUTCOME,), ())


def test_a_torn_last_line_is_dropped_with_a_notice(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])
    read = journal.read(path)
    assert (read.findings, read.tests) == ((FINDING,), ())
    assert "torn" in read.notices[0]


def test_a_corrupt_line_before_the_last_is_refused_with_its_number(path: Path) -> None:
    path.write_text(path.read_text().replace('"kind": "finding"', '"kind": "finding', 1))
    with pytest.raises(EvidenceError, match=r"journal.jsonl:2: not a record"):
        journal.read(path)


def test_no_journal_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="nothing was judged"):
        journal.read(tmp_path / "journal.jsonl")


def test_a_disk_that_takes_nothing_is_a_lab_error() -> None:
    with pytest.raises(LabError, match="cannot be written"):
        journal.append(Path("/dev/full"), FINDING)


def test_what_a_finding_rests_on_comes_back_without_the_secrets_in_it(tmp_path: Path) -> None:
    detail = {"console": ["ready", "token=hunter2hunter2"], "layers": {"names": ["a"], "sqnr_db": [1.5]}}
    journal.append(tmp_path / "j.jsonl", replace(FINDING, detail=detail))
    (found,) = journal.read(tmp_path / "j.jsonl").findings
    assert found.detail == {"console": ["ready", "token=[redacted]"], "layers": {"names": ["a"], "sqnr_db": [1.5]}}
