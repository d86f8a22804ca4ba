"""Quarantine: it runs, does not gate and is shown; expired it is red, and nothing but quarantine is no evidence."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from tinygate.errors import ConfigError
from tinygate.gate.quarantine import Entry, apply, load_quarantine
from tinygate.places import HOST
from tinygate.report.summary import Expected, Summary, summarize
from tinygate.store.journal import Journal, TestOutcome
from tinygate.verdict import Finding, Verdict

TODAY = datetime.date(2026, 11, 26)
LATENCY, SIZE = "test_latency_is_within_its_budget", "test_the_size_is_within_its_budget"
ENTRY = Entry(
    model="gesture", variant="ptq_int8", check=LATENCY, reason="a weak supply", issue="issue/12", expires=TODAY
)
EXPECTED = [
    Expected(LATENCY, "gesture-ptq_int8", "gesture", "ptq_int8", "esp32"),
    Expected(SIZE, "gesture-ptq_int8", "gesture", "ptq_int8", HOST),
]
SLOW = TestOutcome(
    f"t::{LATENCY}[gesture-ptq_int8]",
    LATENCY,
    "gesture-ptq_int8",
    "gesture-ptq_int8",
    Verdict.FAIL,
    "too slow",
    1,
    False,
    0.1,
    place="esp32",
)
SMALL = replace(SLOW, node_id=f"t::{SIZE}[gesture-ptq_int8]", check=SIZE, verdict=Verdict.PASS, message="", place="")
FINDING = Finding(
    "gesture",
    "ptq_int8",
    "esp32",
    "budget",
    "latency_median_us",
    9,
    "≤ 8",
    Verdict.FAIL,
    "f",
    "outside",
    node_id=SLOW.node_id,
)


def summary(*tests: TestOutcome, entry: Entry = ENTRY, today: datetime.date = TODAY) -> Summary:
    journal, told = apply(
        Journal(None, tuple(FINDING for test in tests if test.check == LATENCY), tests, ()),
        [entry],
        EXPECTED,
        today,
    )
    return summarize(journal, EXPECTED, ("esp32",), told)


def test_a_quarantined_check_does_not_gate_and_is_shown_with_what_it_found() -> None:
    found = summary(SLOW, SMALL)
    assert found.verdict is Verdict.PASS
    assert found.notices == (
        f"quarantine: {LATENCY} of gesture ptq_int8, until 2026-11-26: a weak supply (issue/12). Now: FAIL: too slow",
    )
    assert found.rows[0].findings[0].reason == "FAIL, in quarantine (issue/12): outside"


def test_one_that_passes_again_is_told() -> None:
    assert summary(replace(SLOW, verdict=Verdict.PASS), SMALL).notices[0].endswith("Now: it passes")


def test_an_expired_entry_is_red_and_its_check_gates() -> None:
    found = summary(SLOW, SMALL, today=TODAY + datetime.timedelta(days=1))
    assert found.verdict is Verdict.FAIL
    assert any("the quarantine ended on 2026-11-26" in problem for problem in found.problems)
    assert any("too slow" in problem or "latency_median_us" in problem for problem in found.problems)
    assert (
        summary(replace(SLOW, verdict=Verdict.PASS), SMALL, today=TODAY + datetime.timedelta(days=1)).verdict
        is Verdict.FAIL
    )


def test_a_quarantined_check_that_was_not_run_is_missing_as_any_other() -> None:
    found = summary(SMALL)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.notices[0].endswith("Now: it did not run")


def test_a_variant_with_nothing_but_quarantine_is_inconclusive() -> None:
    found = summary(SLOW, replace(SMALL, verdict=None, excused=True))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("everything that was judged of it is in quarantine" in problem for problem in found.problems)


def test_a_failure_that_kept_others_from_running_gates() -> None:
    """A board that panics is told by the first test that asks for it; quarantining that test must not hide the panic."""
    others = replace(SMALL, verdict=None, excused=True, message="too slow", told_by=SLOW.node_id, place="esp32")
    assert summary(SLOW, others).verdict is Verdict.FAIL


@pytest.mark.parametrize("other", [{"variant": "float32"}, {"model": "gest"}, {"place": "esp32s3"}, {"check": SIZE}])
def test_what_an_entry_is_not_about_gates(other: dict[str, str]) -> None:
    assert summary(SLOW, SMALL, entry=ENTRY.model_copy(update=other)).verdict is Verdict.FAIL


def test_no_variant_means_all_of_them() -> None:
    assert summary(SLOW, SMALL, entry=ENTRY.model_copy(update={"variant": ""})).verdict is Verdict.PASS


TOML = f"""
[[quarantine]]
model = "gesture"
check = "{LATENCY}"
reason = "a weak supply"
issue = "issue/12"
expires = 2026-11-26
"""


def test_the_file_is_read(tmp_path: Path) -> None:
    assert load_quarantine(tmp_path) == ()
    (tmp_path / "quarantine.toml").write_text(TOML)
    assert load_quarantine(tmp_path) == (ENTRY.model_copy(update={"variant": ""}),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('reason = "a weak supply"', "", "reason: required and missing"),
        ('reason = "a weak supply"', 'reason = ""', "reason"),
        ('issue = "issue/12"', "", "issue: required and missing"),
        ("expires = 2026-11-26", "", "expires: required and missing"),
        ("expires = 2026-11-26", 'expires = "soon"', "expires"),
        (LATENCY, "test_latency", "no such check"),
        ("model =", "mode = 1\nmodel =", "quarantine.0.mode: unknown key"),
        ("[[quarantine]]", "[[quarantine", "cannot be used"),
    ],
)  # fmt: skip
def test_an_entry_without_reason_issue_or_end_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "quarantine.toml").write_text(TOML.replace(old, new))
    with pytest.raises(ConfigError, match=r"quarantine\.toml") as refused:
        load_quarantine(tmp_path)
    assert said in str(refused.value)
