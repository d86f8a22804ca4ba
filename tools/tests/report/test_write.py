"""A disk that is full or that nobody may write to: the lab's, in a sentence, and no older verdict survives it."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from tinygate.errors import LabError
from tinygate.report import write
from tinygate.report.summary import summarize
from tinygate.store.journal import Journal
from tinygate.verdict import Finding

Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_ends_a_run_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 20, 1 << 20, 8192))
    for name in ("verdict.json", "report.md", "summary.md", "junit.xml"):  # what a run leaves behind
        (tmp_path / name).write_text("PASS")
    with pytest.raises(LabError, match=r"8 KiB are free there.*free space"):
        write.begin_report(tmp_path, "run")
    assert list(tmp_path.iterdir()) == []


def test_a_report_folder_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("")
    with pytest.raises(LabError, match="cannot be written"):
        write.begin_report(tmp_path / "report", "run")


def test_a_pass_after_a_failed_attempt_is_told_as_a_flake() -> None:
    attempt = Finding("m", "v", "esp32", "attempt", "measured_run", None, "", None, "x", "the port vanished")
    notices = summarize(Journal(None, (attempt,), (), ()), [], ("esp32",)).notices
    assert notices == ("flake: m v on esp32 passed after 1 failed attempt: the port vanished",)
