"""Budgets: at the limit is within, past it is not, no value is never a pass."""

from __future__ import annotations

import pytest

from tinygate.judge.budget import judge_budget
from tinygate.model.folder import Model
from tinygate.verdict import Verdict


@pytest.mark.parametrize(
    ("figure", "value", "verdict"),
    [
        ("arena_used_bytes", 6000, Verdict.PASS),
        ("arena_used_bytes", 6001, Verdict.FAIL),
        ("arena_used_bytes", None, Verdict.INCONCLUSIVE),
        ("accuracy_percent", 90.0, Verdict.PASS),
        ("accuracy_percent", 89.99, Verdict.FAIL),
        ("flash_bytes", 1, None),
        ("flash_bytes", None, None),
    ],
)
def test_a_figure_against_its_budget(toy: Model, figure: str, value: float | None, verdict: Verdict | None) -> None:
    assert judge_budget(toy.variant("ptq_int8"), "esp32", figure, value).verdict is verdict


def test_a_budget_of_another_place_or_variant_does_not_count(toy: Model) -> None:
    assert judge_budget(toy.variant("ptq_int8"), "esp32-virtual", "arena_used_bytes", 10**9).verdict is None
    assert judge_budget(toy.variant("float32"), "esp32", "arena_used_bytes", 10**9).verdict is None


def test_the_sentence_names_variant_figure_budget_and_files(toy: Model) -> None:
    sentence = judge_budget(toy.variant("ptq_int8"), "esp32", "arena_used_bytes", 7000).sentence()
    for part in (
        "ptq_int8",
        "arena_used_bytes = 7000",
        "≤ 6000",
        "ptq_int8.tflite",
        "model.toml",
        "budgets.esp32.ptq_int8",
    ):
        assert part in sentence


@pytest.mark.parametrize(("place", "value"), [("esp32", 7000), ("esp32", 5000), ("esp32", None), ("esp32-qemu", 5000)])
def test_a_finding_says_what_was_measured_where(toy: Model, place: str, value: int | None) -> None:
    finding = judge_budget(toy.variant("ptq_int8"), place, "arena_used_bytes", value, "Seen twice.")
    assert (finding.model, finding.variant, finding.place) == ("toy", "ptq_int8", place)
    assert (finding.check, finding.figure, finding.value) == ("budget", "arena_used_bytes", value)
    assert (finding.note, finding.file) == ("Seen twice.", str(toy.variant_path("ptq_int8")))
    assert finding.limit == ("≤ 6000" if place == "esp32" else "")


def test_within_outside_and_without_a_value_are_said(toy: Model) -> None:
    key = f"budgets.esp32.ptq_int8.arena_used_bytes in {toy.config_path}"
    within, outside, missing = (
        judge_budget(toy.variant("ptq_int8"), "esp32", "arena_used_bytes", value) for value in (6000, 6001, None)
    )
    assert within.reason == f"The figure is within its budget {key}."
    assert outside.reason == f"The figure is outside its budget {key}."
    assert missing.reason == f"There is no value to hold against {key}."
    assert judge_budget(toy.variant("ptq_int8"), "esp32", "flash_bytes", 1).note == ""
