"""Several targets in one run: a row for each place, no answer taken from another place, speed-ups side by side."""

from __future__ import annotations

import html
import io

from rich.console import Console

from tinygate.report import render, speed
from tinygate.report.facts import facts_of
from tinygate.report.page import to_html
from tinygate.report.summary import Expected, Summary, summarize
from tinygate.store.journal import Journal, TestOutcome
from tinygate.verdict import Finding, Verdict

PLACES = ("esp32-qemu", "stm32f4-qemu")
CHECK = "test_the_arena_used_is_within_its_budget"


def expected(variant: str, place: str) -> Expected:
    return Expected(CHECK, f"toy-{variant}", "toy", variant, place)


EXPECTED = [expected(variant, place) for variant in ("float32", "ptq_int8") for place in PLACES]


def finding(variant: str, place: str, figure: str, value: float, verdict: Verdict = Verdict.PASS) -> Finding:
    node = f"tests_target::{CHECK}[toy-{variant}]"
    return Finding("toy", variant, place, "budget", figure, value, "≤ 2", verdict, "m.tflite", "Because.", "", node)


def outcome(variant: str, place: str, verdict: Verdict = Verdict.PASS) -> TestOutcome:
    node = f"tests_target::{CHECK}[toy-{variant}]"
    return TestOutcome(node, CHECK, f"toy-{variant}", f"toy-{variant}", verdict, "why", 1, False, 0.1, place=place)


def judged(findings: tuple[Finding, ...] = (), tests: tuple[TestOutcome, ...] | None = None) -> Summary:
    answers = tuple(outcome(wanted.variant, wanted.place) for wanted in EXPECTED) if tests is None else tests
    return summarize(Journal(None, findings, answers, ()), EXPECTED, PLACES)


CYCLES = (
    finding("float32", "esp32-qemu", "emulated_cycles", 1000),
    finding("ptq_int8", "esp32-qemu", "emulated_cycles", 500),
    finding("float32", "stm32f4-qemu", "emulated_cycles", 900),
    finding("ptq_int8", "stm32f4-qemu", "emulated_cycles", 300),
)


def test_each_place_has_a_row_with_its_own_verdict() -> None:
    failing = finding("ptq_int8", "stm32f4-qemu", "arena_used_bytes", 3, Verdict.FAIL)
    summary = judged((failing,))
    verdicts = {(row.variant, row.place): row.verdict for row in summary.rows}
    assert verdicts["ptq_int8", "stm32f4-qemu"] is Verdict.FAIL
    assert verdicts["ptq_int8", "esp32-qemu"] is Verdict.PASS
    assert summary.verdict is Verdict.FAIL


def test_an_answer_at_one_place_is_none_at_another() -> None:
    tests = tuple(outcome(wanted.variant, "esp32-qemu") for wanted in EXPECTED)
    summary = judged(tests=tests)
    assert summary.verdict is Verdict.INCONCLUSIVE
    assert {row.place for row in summary.rows if row.missing} == {"stm32f4-qemu"}
    assert "on stm32f4-qemu: not answered" in summary.problems[0]


def test_a_test_that_failed_at_one_place_is_told_though_the_same_one_is_told_of_another() -> None:
    failing = finding("ptq_int8", "esp32-qemu", "arena_used_bytes", 3, Verdict.FAIL)
    tests = (outcome("ptq_int8", "esp32-qemu", Verdict.FAIL), outcome("ptq_int8", "stm32f4-qemu", Verdict.ERROR))
    assert any(text.startswith("ERROR: tests_target") for text in judged((failing,), tests).problems)


def test_what_is_wrong_on_the_host_is_wrong_at_every_place() -> None:
    summary = judged((finding("ptq_int8", "host", "tflite_bytes", 3, Verdict.FAIL),))
    assert [row.verdict for row in summary.rows if row.variant == "ptq_int8"] == [Verdict.FAIL, Verdict.FAIL]


def test_each_place_compares_with_itself() -> None:
    rows = speed.rows(judged(CYCLES))
    assert rows[0] == ("toy", "float32", "1,000 cycles", "1.00 × float32", "900 cycles", "1.00 × float32")
    assert rows[1] == ("toy", "ptq_int8", "500 cycles", "2.00 × float32", "300 cycles", "3.00 × float32")


def test_a_chips_time_is_taken_before_an_emulators_count() -> None:
    times = (
        finding("float32", "esp32-qemu", "latency_median_us", 80),
        finding("ptq_int8", "esp32-qemu", "latency_median_us", 20),
    )
    assert speed.rows(judged((*CYCLES, *times)))[1][2:4] == ("20 µs", "4.00 × float32")


def test_what_one_place_does_not_know_is_left_open() -> None:
    assert speed.rows(judged(CYCLES[2:]))[1][2:] == ("–", "–", "300 cycles", "3.00 × float32")


def test_one_place_alone_has_no_comparison() -> None:
    assert speed.rows(summarize(Journal(None, CYCLES, (), ()), EXPECTED[:1], PLACES[:1])) == []


def test_reports_show_places_and_speed() -> None:
    console = Console(file=io.StringIO(), width=200)
    facts = facts_of(judged(CYCLES))
    render.to_terminal(facts, console)
    assert isinstance(console.file, io.StringIO)
    page = html.unescape(to_html(facts).decode())
    for text in (console.file.getvalue(), render.to_markdown(facts), page):
        for part in ("place", "stm32f4-qemu", "3.00 × float32", "blind to caches"):
            assert part in text
