"""The summary: worst verdict per variant, missing answers are not green, problems are named once and never unsaid."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tinygate.report.summary import Expected, Summary, summarize
from tinygate.store.journal import Journal, TestOutcome
from tinygate.verdict import Finding, Verdict

SIZE = Expected("test_the_size_is_within_its_budget", "gesture-ptq_int8", "gesture", "ptq_int8")
NODE = "tests_host/test_model.py::test_the_size_is_within_its_budget[gesture-ptq_int8]"


def finding(verdict: Verdict | None, figure: str = "tflite_bytes", node: str = NODE) -> Finding:
    return Finding("gesture", "ptq_int8", "host", "budget", figure, 1, "≤ 2", verdict, "m.tflite", "Because.", "", node)


def outcome(
    verdict: Verdict | None, *, judged: int = 1, excused: bool = False, subject: str = "gesture-ptq_int8"
) -> TestOutcome:
    return TestOutcome(NODE, SIZE.check, SIZE.case, subject, verdict, "scale 0", judged, excused, 0.1)


def summary_of(*findings: Finding, tests: tuple[TestOutcome, ...] = (outcome(Verdict.PASS),)) -> Summary:
    return summarize(Journal(None, findings, tests, ()), [SIZE], ("esp32-virtual",))


def test_the_worst_finding_is_the_variants_verdict() -> None:
    assert summary_of(finding(Verdict.PASS), finding(Verdict.FAIL, "arena_used_bytes")).verdict is Verdict.FAIL


def test_a_check_that_nobody_answered_is_inconclusive_and_named() -> None:
    summary = summary_of(finding(Verdict.PASS), tests=())
    assert summary.verdict is Verdict.INCONCLUSIVE
    assert "not answered: the size is within its budget" in summary.problems[0]


def test_a_test_that_was_emptied_has_answered_nothing() -> None:
    assert summary_of(tests=(outcome(Verdict.PASS, judged=0),)).verdict is Verdict.INCONCLUSIVE


def test_a_skip_counts_only_where_the_gate_accepts_its_reason() -> None:
    assert summary_of(tests=(outcome(None, judged=0),)).verdict is Verdict.INCONCLUSIVE
    assert summary_of(tests=(outcome(None, judged=0, excused=True),)).verdict is Verdict.PASS


def test_an_answer_of_a_test_that_stands_in_for_the_suites_counts_for_nothing_and_is_named() -> None:
    summary = summary_of(tests=(replace(outcome(Verdict.PASS), stand_in="conftest.py"),))
    assert summary.verdict is Verdict.INCONCLUSIVE
    assert "In their place answered conftest.py" in summary.problems[0]


def test_a_check_that_gives_two_answers_decides_nothing() -> None:
    twice = (finding(Verdict.PASS), replace(finding(Verdict.PASS), value=2))
    assert summary_of(*twice).verdict is Verdict.INCONCLUSIVE
    assert "tflite_bytes = 1, and 2 when" in summary_of(*twice).problems[0]
    assert summary_of(twice[0], twice[0]).verdict is Verdict.PASS


def test_a_model_with_nothing_but_recorded_figures_needs_no_excuse() -> None:
    recorded = Finding("gesture", "all variants", "host", "calibration", "samples", None, "", None, "m.json", "")
    assert summary_of(finding(Verdict.PASS), recorded).verdict is Verdict.PASS


def test_no_variant_at_all_is_not_green() -> None:
    nothing = summarize(Journal(None, (), (), ()), [], ("esp32-virtual",))
    assert nothing.verdict is Verdict.INCONCLUSIVE
    assert "no variant was judged" in nothing.problems[0]


def test_a_crashed_test_turns_the_gate_red_without_a_finding() -> None:
    crash = TestOutcome("tests_host/test_x.py::test_y", "test_y", "", "", Verdict.ERROR, "KeyError: 1", 0, False, 0.1)
    assert summary_of(finding(Verdict.PASS), tests=(crash, outcome(Verdict.PASS))).verdict is Verdict.ERROR


def test_a_variants_row_is_no_better_than_its_tests() -> None:
    assert summary_of(finding(Verdict.PASS), tests=(outcome(Verdict.FAIL),)).rows[0].verdict is Verdict.FAIL


def test_a_failure_is_told_once_though_finding_and_test_both_tell_it() -> None:
    bad = finding(Verdict.FAIL)
    assert summary_of(bad, tests=(outcome(Verdict.FAIL),)).problems == (bad.sentence(),)


def test_problems_come_worst_first() -> None:
    found = summary_of(finding(Verdict.INCONCLUSIVE), finding(Verdict.FAIL, "a"), finding(Verdict.ERROR, "b"))
    assert [text.split(":")[0] for text in found.problems] == ["FAIL", "ERROR", "INCONCLUSIVE"]


VERDICTS = st.sampled_from([None, *Verdict])


@given(
    st.lists(st.builds(finding, VERDICTS, st.sampled_from("abc"), st.sampled_from([NODE, "", "other"])), max_size=4),
    st.lists(st.builds(outcome, VERDICTS, judged=st.integers(0, 1), excused=st.booleans(), subject=st.sampled_from(["", "gesture-ptq_int8"])), max_size=3),
)  # fmt: skip
def test_no_verdict_but_pass_stands_without_a_sentence(findings: list[Finding], tests: list[TestOutcome]) -> None:
    found = summary_of(*findings, tests=tuple(tests))
    assert (found.verdict is Verdict.PASS) == (not found.problems)
