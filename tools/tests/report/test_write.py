"""A disk that is full or that nobody may write to: the lab's, in a sentence, and no older verdict survives it."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from tools.tests.report.examples import OVER_BUDGET, drawn, run

from tinygate.errors import LabError
from tinygate.report import write
from tinygate.report.facts import facts_of
from tinygate.report.summary import summarize
from tinygate.store.journal import Journal
from tinygate.verdict import Finding

Usage = namedtuple("Usage", "total used free")


def test_a_full_disk_ends_a_run_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1 << 20, 1 << 20, 8192))
    for name in write.REPORTS:  # what a run leaves behind
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


def test_the_first_act_of_a_run_voids_every_report_and_its_end_without_a_verdict_says_why(tmp_path: Path) -> None:
    for name in write.REPORTS:
        (tmp_path / name).write_text("an older verdict")
    write.begin_report(tmp_path, "run-7")
    assert not [name for name in write.REPORTS if "older verdict" in (tmp_path / name).read_text()]
    assert "run run-7 has not ended" in (tmp_path / "index.html").read_text()
    write.end_report(tmp_path, "run-7", "interrupted by SIGINT")
    assert "interrupted by SIGINT" in (tmp_path / "index.html").read_text()


def test_every_report_of_a_run_tells_its_headline(tmp_path: Path) -> None:
    summary = run(OVER_BUDGET)
    write.write_report(summary, (), tmp_path, against=tmp_path / "no base.json")
    headline = facts_of(summary).headline
    assert json.loads((tmp_path / "verdict.json").read_text())["headline"] == headline
    for name in ("index.html", "report.md", "summary.md"):
        assert "arena used is 4,060 bytes, 1.5 % over its budget" in (tmp_path / name).read_text(), name
    for name in ("index.html", "summary.md"):
        assert "Nothing to compare with" in (tmp_path / name).read_text(), name


def test_a_verdict_can_be_the_base_of_the_next(tmp_path: Path) -> None:
    write.write_report(run(*drawn()), (), tmp_path / "base")
    write.write_report(run(*drawn(), OVER_BUDGET), (), tmp_path / "now", against=tmp_path / "base" / "verdict.json")
    told = (tmp_path / "now" / "summary.md").read_text()
    assert "| kws int8 | verdict | PASS | FAIL | worse |" in told
    assert told.index("What changed") < told.index("| model |")
