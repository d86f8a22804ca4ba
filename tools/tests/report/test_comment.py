"""A pull request's comment: the verdict first, the table, why; never longer than a comment may be."""

from __future__ import annotations

from tinygate.report.changes import Change, Comparison
from tinygate.report.comment import MOST_CHARACTERS, to_comment
from tinygate.report.facts import Facts, facts_of
from tinygate.report.summary import Row, Summary
from tinygate.verdict import Finding, Verdict


def failing(variants: int, reason: str = "Convert again.") -> Facts:
    rows = []
    for number in range(variants):
        finding = Finding(
            "kws", f"v{number}", "host", "budget", "tflite_bytes", 9, "≤ 8", Verdict.FAIL, "m.tflite", "", reason
        )
        rows.append(Row("kws", f"v{number}", (finding,), (), (), is_variant=True))
    return facts_of(Summary(tuple(rows), (), (), ("esp32-virtual",)))


def test_the_verdict_comes_first_then_the_table_then_why() -> None:
    lines = to_comment(failing(1), "report/report.md").splitlines()
    assert lines[0].startswith("## tinygate: FAIL: kws v0 on host: .tflite is 9 bytes, 12.5 % over its budget")
    assert lines[2].startswith("**Whose job:** whoever changed the model")
    table = next(n for n, line in enumerate(lines) if line.startswith("| model"))
    why = next(n for n, line in enumerate(lines) if "Convert again." in line)
    assert table < why
    assert lines[-1].endswith("report/report.md")


def test_a_thousand_variants_fit_and_what_does_not_is_counted() -> None:
    text = to_comment(failing(1000, "x" * 200), "report/report.md")
    assert len(text) < MOST_CHARACTERS
    assert "more lines are in the report" in text
    assert text.startswith("## tinygate: FAIL")


def test_a_reason_cannot_make_markup() -> None:
    assert "<script>" not in to_comment(failing(1, "<script>alert(1)</script>"), "r")


def test_what_changed_is_a_table_of_its_own_above_the_variants() -> None:
    changed = Comparison("What changed", "Base: run 1.", (Change("kws v0", "verdict", "PASS", "FAIL", better=False),))
    lines = to_comment(facts_of(failing(1).summary, [changed]), "r").splitlines()
    first, second = (n for n, line in enumerate(lines) if line.startswith("| --- "))
    assert "| kws v0 | verdict | PASS | FAIL | worse |" in lines[first:second]
    assert "" in lines[first:second]
