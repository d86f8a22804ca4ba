"""The summary: worst verdict per variant, missing evidence is not green, problems are named once."""

from __future__ import annotations

from tinygate.report.summary import Expected, Summary, summarize
from tinygate.store.journal import Journal, TestOutcome
from tinygate.verdict import Finding, Verdict

EXPECTED = [Expected("gesture", "ptq_int8", "host", "tflite_bytes")]


def finding(verdict: Verdict | None, figure: str = "tflite_bytes", value: float | None = 14_000) -> Finding:
    return Finding("gesture", "ptq_int8", "host", "budget", figure, value, "≤ 15000", verdict, "m.tflite", "Because.")


def summary_of(*findings: Finding, tests: tuple[TestOutcome, ...] = ()) -> Summary:
    return summarize(Journal(findings, tests, ()), EXPECTED, "esp32-virtual")


def test_the_worst_finding_is_the_variants_verdict() -> None:
    assert summary_of(finding(Verdict.PASS), finding(Verdict.FAIL, "arena_used_bytes")).verdict is Verdict.FAIL


def test_a_figure_nobody_reported_is_inconclusive_and_named() -> None:
    summary = summary_of()
    assert summary.verdict is Verdict.INCONCLUSIVE
    assert "no test reported tflite_bytes" in summary.problems[0]


def test_a_recorded_figure_without_verdict_is_evidence_but_no_pass() -> None:
    assert summary_of(finding(None)).verdict is Verdict.INCONCLUSIVE
    assert summary_of(finding(None), finding(Verdict.PASS, "other")).verdict is Verdict.PASS


def test_a_crashed_test_turns_the_gate_red_without_a_finding() -> None:
    crash = TestOutcome("tests_host/test_x.py::test_y", "", Verdict.ERROR, "KeyError: 1", 0.1)
    assert summary_of(finding(Verdict.PASS), tests=(crash,)).verdict is Verdict.ERROR


def test_a_variants_row_is_no_better_than_its_tests() -> None:
    broken = TestOutcome("tests_host/test_x.py::test_y", "gesture-ptq_int8", Verdict.FAIL, "scale 0", 0.1)
    assert summary_of(finding(Verdict.PASS), tests=(broken,)).rows[0].verdict is Verdict.FAIL


def test_a_failure_is_told_once_though_finding_and_test_both_tell_it() -> None:
    bad = finding(Verdict.FAIL)
    test = TestOutcome("tests_host/test_x.py::test_y", "", Verdict.FAIL, bad.sentence(), 0.1)
    assert summary_of(bad, tests=(test,)).problems == (bad.sentence(),)


def test_problems_come_worst_first() -> None:
    found = summary_of(finding(Verdict.INCONCLUSIVE), finding(Verdict.FAIL, "a"), finding(Verdict.ERROR, "b"))
    assert [text.split(":")[0] for text in found.problems] == ["FAIL", "ERROR", "INCONCLUSIVE"]
