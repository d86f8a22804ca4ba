"""What changed against another run: only what differs, in which direction, and a base that cannot be used is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tools.tests.report.examples import drawn, finding, run

from tinygate.report.changes import Comparison, against_baseline, compare
from tinygate.report.facts import facts_of
from tinygate.verdict import Verdict


def verdict(verdict: str = "PASS", *, place: str = "esp32", variant: str = "int8", **figures: float) -> dict[str, Any]:
    measured = {name.replace("__", "@"): value for name, value in figures.items()}
    rows = [{"model": "kws", "variant": variant, "verdict": verdict, "figures": measured}]
    return {"run": "r1", "commit": "abc", "verdict": verdict, "place": place, "variants": rows}


def compared(tmp_path: Path, base: object, now: dict[str, Any]) -> Comparison:
    (tmp_path / "base.json").write_text(json.dumps(base))
    return compare(tmp_path / "base.json", now)


def test_equal_runs_differ_in_nothing_and_that_is_said(tmp_path: Path) -> None:
    found = compared(tmp_path, verdict(tflite_bytes__host=9), verdict(tflite_bytes__host=9))
    assert found.changes == ()
    assert "run r1, commit abc, verdict PASS" in found.about
    assert "No verdict and no figure differs" in found.about


@pytest.mark.parametrize(
    ("figure", "before", "now", "change", "better"),
    [
        ("tflite_bytes__host", 1000, 1015, "+1.5 %", False),
        ("tflite_bytes__host", 1000, 900, "−10.0 %", True),
        ("accuracy_percent__host", 85.0, 86.5, "+1.50 points", True),
        ("accuracy_percent__host", 85.0, 84.0, "−1.00 points", False),
        ("parity_mismatches__esp32", 0, 7, "+7", False),
    ],
)
def test_a_figure_that_differs_is_told_with_its_direction(
    tmp_path: Path, figure: str, before: float, now: float, change: str, better: bool
) -> None:
    (found,) = compared(tmp_path, verdict(**{figure: before}), verdict(**{figure: now})).changes
    assert (found.change, found.better) == (change, better)
    assert found.what.endswith(figure.partition("__")[2])


def test_a_verdict_that_got_worse_is_told_first(tmp_path: Path) -> None:
    first, second = compared(tmp_path, verdict(tflite_bytes__host=8), verdict("FAIL", tflite_bytes__host=9)).changes
    assert (first.before, first.now, first.better) == ("PASS", "FAIL", False)
    assert second.what == ".tflite, host"


def test_a_figure_that_is_no_longer_measured_is_told(tmp_path: Path) -> None:
    base = verdict(tflite_bytes__host=9, arena_used_bytes__esp32=5)
    now = verdict(tflite_bytes__host=9, parity_mismatches__esp32=0)
    found = {change.what: (change.before, change.now) for change in compared(tmp_path, base, now).changes}
    assert found == {"parity, esp32": ("–", "0 windows"), "arena used, esp32": ("5 bytes", "–")}


def test_variants_that_came_and_went_are_told(tmp_path: Path) -> None:
    found = compared(tmp_path, verdict(variant="old"), verdict(variant="new")).changes
    assert [(change.subject, change.before, change.now) for change in found] == [
        ("kws new", "–", "judged"),
        ("kws old", "judged", "–"),
    ]


def test_boards_of_another_place_are_not_compared(tmp_path: Path) -> None:
    base = verdict(place="esp32-virtual", **{"arena_used_bytes__esp32-virtual": 9, "tflite_bytes__host": 9})
    found = compared(tmp_path, base, verdict(arena_used_bytes__esp32=5, tflite_bytes__host=9))
    assert "It ran on esp32-virtual" in found.about
    assert [change.now for change in found.changes] == ["5 bytes"]


def test_each_place_of_a_run_with_several_is_compared_with_itself(tmp_path: Path) -> None:
    def at_two_places(stm32f4: float) -> dict[str, Any]:
        whole, other = verdict(tflite_bytes__host=9), verdict(tflite_bytes__host=stm32f4)
        places = {"esp32": whole, "stm32f4": other}
        rows = [{**of["variants"][0], "place": place} for place, of in places.items()]
        return {**whole, "place": "esp32 and stm32f4", "variants": rows}

    assert compared(tmp_path, at_two_places(9), at_two_places(9)).changes == ()
    (change,) = compared(tmp_path, at_two_places(9), at_two_places(10)).changes
    assert change.subject == "kws int8 stm32f4"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", '{"variants": [{}]}', '{"variants": [{"model": 1}], "verdict": "PASS"}', "[" * 9999]
)
def test_a_base_that_is_no_verdict_is_a_sentence_and_no_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "base.json").write_text(content)
    found = compare(tmp_path / "base.json", verdict())
    assert found.changes == ()
    assert "Nothing to compare with" in found.about


def test_a_base_that_is_not_there_or_has_no_verdict_is_said(tmp_path: Path) -> None:
    assert "Nothing to compare with" in compare(tmp_path / "none.json", verdict()).about
    assert "without a verdict" in compared(tmp_path, {"run": "r0", "verdict": None}, verdict()).about


def test_a_baseline_is_told_where_figures_were_held_against_one() -> None:
    held = [
        finding("tflite_bytes against the baseline", 9_100, "≤ 9000", "host", check="baseline", verdict=Verdict.FAIL, reason="+100 bytes."),
        finding("arena_used_bytes against the baseline", 4_000, "≤ 4000", check="baseline"),
    ]  # fmt: skip
    found = against_baseline([*drawn(), *held])
    assert found is not None
    assert found.about == "1 of 2 figures hold."
    (change,) = found.changes
    assert (change.before, change.now, change.direction) == ("≤ 9000", "9,100", "worse")
    assert found in facts_of(run(*held)).comparisons


def test_without_a_baseline_nothing_is_said_of_one() -> None:
    assert against_baseline(drawn()) is None
    assert facts_of(run(*drawn())).comparisons == ()
