"""Problems in words: one cause is told once, nothing is left out, and everybody's job is on the page about red gates."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tools.tests.report.examples import LOST, OVER_BUDGET, UNDECIDED, finding, run

from tinygate.report.advice import ADVICE, MISSING, UNMEASURED, advice_on
from tinygate.report.facts import facts_of
from tinygate.report.problems import problems_of, standing_of, unmeasured_of
from tinygate.report.summary import Expected, Row, Summary
from tinygate.report.words import claim, limit_of
from tinygate.store.journal import session_outcome
from tinygate.verdict import Finding, Verdict

PAGE = Path(__file__).parents[3] / "docs" / "red-gate.md"
CHECKS = "budget rule audit interface target calibration margin artifact parity arena build run health identity".split()


def test_the_page_about_red_gates_says_what_the_report_says() -> None:
    rows = re.findall(r"^\| (?:FAIL|ERROR|INCONCLUSIVE), .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [f"| {a.verdict}, {a.what} | {a.who} | {a.first_step} |" for a in ADVICE]


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE])
@pytest.mark.parametrize("check", [*CHECKS, "layers against float32", "unheard of", UNMEASURED, MISSING])
def test_every_problem_is_somebodys_job(verdict: Verdict, check: str) -> None:
    assert advice_on(verdict, check).verdict is verdict


def test_one_lost_board_is_one_problem_of_all_that_needed_it() -> None:
    rows = tuple(Row("kws", v, (replace(LOST, variant=v),), (), (), is_variant=True) for v in ("a", "b", "c"))
    summary = Summary(rows, (), (), ("esp32",))
    (problem,) = problems_of(summary)
    assert problem.headline == "kws a on esp32 and 2 more: not measured: the board cannot be reached or flashed"
    assert problem.advice.who == "whoever runs the lab"
    assert problem.sentences == summary.problems


def test_budgets_that_break_are_told_one_by_one_worst_first() -> None:
    found = problems_of(run(UNDECIDED, OVER_BUDGET, replace(OVER_BUDGET, figure="flash_bytes")))
    assert [problem.verdict for problem in found] == [Verdict.FAIL, Verdict.FAIL, Verdict.INCONCLUSIVE]


def test_every_sentence_of_the_terminal_belongs_to_a_problem() -> None:
    gap = Expected("test_x_is_y", "kws-int8", "kws", "int8")
    rows = (Row("kws", "int8", (OVER_BUDGET, UNDECIDED, LOST), (), (gap,), is_variant=True),)
    summary = Summary(rows, (session_outcome("tests_host", Verdict.ERROR, "pytest broke"),), (), ("esp32",))
    told = [sentence for problem in problems_of(summary) for sentence in problem.sentences]
    assert sorted(told) == sorted(summary.problems)
    assert len(told) == 5


def test_a_run_without_variants_says_so() -> None:
    (problem,) = problems_of(Summary((), (), (), ("esp32",)))
    assert "no variant was judged" in problem.headline


def test_who_came_out_how_is_counted() -> None:
    rows = tuple(Row("kws", str(n), (f,), (), (), is_variant=True) for n, f in enumerate((OVER_BUDGET, LOST, LOST)))
    assert standing_of(Summary(rows, (), (), ("esp32",))) == "Of 3 variants: 1 failed, 2 could not be judged."


def test_what_nobody_measured_is_said_even_on_a_green_night() -> None:
    unknown = finding("latency_median_us", None, verdict=None, note="An emulated board has no chip's time.")
    assert unmeasured_of(run(unknown, finding("tflite_bytes", 9))) == "Not measured on esp32: inference."
    assert unmeasured_of(run(unknown, finding("latency_median_us", 9.0))) == ""
    assert "Not measured on esp32: inference." in facts_of(run(unknown)).standing


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (finding("flash_bytes", None, "≤ 9"), "firmware flash was not measured; demanded is ≤ 9"),
        (finding("accuracy_percent", 84.0, "≥ 85"), "accuracy is 84.00 %, 1.00 points under its floor of 85.00 %"),
        (finding("latency_median_us", 120.0, "≤ 100"), "inference is 120 µs, 20.0 % over its budget of 100 µs"),
        (finding("mae", 0.03, "≤ 0.02"), "mean absolute error is 0.03 output units, 50.0 % over its budget of 0.02 output units"),
        (finding("accuracy_percent", 86.0, "≥ 85", verdict=Verdict.INCONCLUSIVE), "accuracy is 86.00 %; too few windows to prove its floor of 85.00 %"),
        (finding("parity_mismatches", 17, "= 0", check="parity"), "17 outputs differ from the oracle's"),
        (finding("TG-Q001 scale-invalid", 2, "0 errors", check="audit"), "breaks the audit rule TG-Q001 scale-invalid"),
        (finding("mae lost to float32", 0.009, "< 0.005", check="margin", verdict=Verdict.FAIL), "loses 0.009 of MAE to float32; less than 0.005 is demanded"),
        (finding("chip", "esp32s3", "esp32", check="identity"), "chip is esp32s3; demanded is esp32"),
        (finding("resets", 3, "≤ 1", check="health"), "resets is 3, demanded is ≤ 1"),
    ],
)  # fmt: skip
def test_a_finding_is_said_as_people_say_it(found: Finding, said: str) -> None:
    assert claim(found) == said


@pytest.mark.parametrize(("limit", "number"), [("≤ 6000", 6000.0), ("< 1e-05", 1e-5), ("≥ 85.5", 85.5), ("= 0", 0.0), ("= 0, every value equal", None), ("a / b ≤ 2", None), ("", None)])  # fmt: skip
def test_a_limit_is_read_where_it_is_one_number(limit: str, number: float | None) -> None:
    assert limit_of(finding("x", 1, limit)) == number
