"""What a reader sees: the table on a terminal and in Markdown, hostile text made harmless."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tinygate.errors import EvidenceError
from tinygate.report import junit, render, sanitize
from tinygate.report.facts import facts_of
from tinygate.report.summary import Row, Summary
from tinygate.store.journal import Header
from tinygate.verdict import Finding, Verdict

PLACE = "esp32-virtual"


def finding(figure: str, value: float | None, place: str = PLACE, reason: str = "") -> Finding:
    return Finding("gesture", "ptq_int8", place, "budget", figure, value, "", Verdict.PASS, "m.tflite", "", reason)


def summary(reason: str = "An emulated board has no chip's time.") -> Summary:
    findings = (
        finding("tflite_bytes", 13_504, "host"),
        finding("latency_median_us", None, reason=reason),
        finding("parity_mismatches", 0),
    )
    return Summary((Row("gesture", "ptq_int8", findings, (), (), is_variant=True),), (), (), (PLACE,))


def terminal(shown: Summary) -> str:
    console = Console(file=io.StringIO(), width=160)
    render.to_terminal(facts_of(shown), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_terminal_shows_figures_and_what_was_not_measured() -> None:
    text = terminal(summary())
    for part in ("13,504", "not measured", "bit-exact", "An emulated board has no chip's time.", "verdict: PASS"):
        assert part in text


def test_floats_within_a_tolerance_are_not_called_bit_exact() -> None:
    close = replace(finding("parity_mismatches", 0), limit="= 0, floats within 1e-05", note="floats within 1e-05")
    text = terminal(Summary((Row("gesture", "ptq_int8", (close,), (), (), is_variant=True),), (), (), (PLACE,)))
    assert "within rounding" in text
    assert "bit-exact" not in text


def test_markdown_tables_are_whole() -> None:
    lines = render.to_markdown(facts_of(summary())).splitlines()
    table = [line for line in lines if line.startswith("| ")]
    first = [line for line in table if line.startswith(("| model", "| gesture"))]
    assert len({line.count("|") for line in first}) == 1
    assert lines[0] == "# Gate report: PASS"


HOSTILE = "\x1b[31mred\x00 <script>x</script> a|b `c` \u202eevil\r\nnext"


def test_hostile_text_is_neutralised_everywhere() -> None:
    header = Header("run", HOSTILE, PLACE, (), (), {HOSTILE: HOSTILE})
    markdown = render.to_markdown(facts_of(replace(summary(HOSTILE), header=header)))
    for shown in (terminal(summary(HOSTILE)), markdown):
        assert not {"\x1b", "\x00", "\u202e", "\r"} & set(shown)
    assert "<script>" not in markdown


def test_sanitized_text_is_cut() -> None:
    assert len(sanitize.plain("x" * 10_000)) == 2000


def test_junit_files_become_one(tmp_path: Path) -> None:
    for name in ("host", "target"):
        (tmp_path / f"{name}.xml").write_text('<testsuites><testsuite name="pytest" tests="1"/></testsuites>')
    merged = ET.fromstring(junit.merge([tmp_path / "host.xml", tmp_path / "target.xml"]))
    assert [suite.get("name") for suite in merged] == ["host", "target"]


def test_a_missing_junit_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="did not finish"):
        junit.merge([tmp_path / "host.xml"])
