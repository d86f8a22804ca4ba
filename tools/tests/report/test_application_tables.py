"""The tables of a model beside its application: shown where something is known, and in every report."""

from __future__ import annotations

import html
import io

from rich.console import Console

from tinygate.figures import PARTS, flash_of
from tinygate.report import render
from tinygate.report.application import extras_of, tables
from tinygate.report.facts import facts_of
from tinygate.report.page import to_html
from tinygate.report.summary import Expected, Summary, summarize
from tinygate.store.journal import Journal
from tinygate.verdict import Finding, Verdict

PLACE = "esp32"
EXPECTED = [Expected("test_the_firmware_fits_its_flash", "toy-a", "toy", "a", PLACE)]


def judged(**values: float) -> Summary:
    findings = [
        Finding("toy", "a", PLACE, "budget", name, value, "", Verdict.FAIL if value == 13 else None, "m.tflite", "", "")
        for name, value in values.items()
    ]
    return summarize(Journal(None, tuple(findings), (), ()), EXPECTED, [PLACE])


TIMES = {"latency_median_us": 10, "latency_p99_us": 11, "latency_max_us": 12, "latency_running_median_us": 12,
         "latency_running_p99_us": 13, "latency_running_max_us": 1400}  # fmt: skip


def test_a_report_without_an_application_is_as_it_was() -> None:
    assert extras_of(judged(latency_median_us=10, flash_bytes=5, emulated_cycles=7)) == []


def test_idle_and_running_stand_side_by_side_with_what_is_over_its_budget() -> None:
    (table,) = extras_of(judged(**TIMES))
    assert table.titles[2:5] == ("idle, median, µs", "idle, p99, µs", "idle, max, µs")
    assert table.rows == [("toy", "a", "10", "11", "12", "12", "13 FAIL", "1,400")]


def test_memory_has_a_line_for_flash_and_one_for_static_ram() -> None:
    flash = {flash_of(part): 1000 + number for number, part in enumerate(PARTS)}
    summary = judged(**flash, flash_bytes=5010, static_ram_model_bytes=3, static_ram_bytes=9)
    (table,) = extras_of(summary)
    assert table.titles == ("model", "variant", "bytes of", *PARTS, "whole")
    assert table.rows[0][2:] == ("flash", "1,000", "1,001", "1,002", "1,003", "1,004", "5,010")
    assert table.rows[1][2:4] == ("static RAM", "3")


def test_parts_are_shown_of_an_application_that_has_its_model_itself() -> None:
    (table,) = extras_of(judged(**{flash_of(part): 7 for part in PARTS if part != "model"}, flash_bytes=35))
    assert table.rows == [("toy", "a", "flash", "–", "7", "7", "7", "7", "35")]


def test_every_report_shows_them() -> None:
    facts = facts_of(judged(**TIMES, ram_used_bytes=77_000, heap_least_free_bytes=88_000))
    console = Console(file=io.StringIO(), width=250)
    render.to_terminal(facts, console)
    assert isinstance(console.file, io.StringIO)
    for text in (console.file.getvalue(), render.to_markdown(facts), html.unescape(to_html(facts).decode())):
        assert all(part in text for part in ("1,400", "77,000", "88,000", "tasks, timers and interrupts going"))


def test_no_table_of_nothing() -> None:
    assert not any(table.rows for table in tables(judged()))
