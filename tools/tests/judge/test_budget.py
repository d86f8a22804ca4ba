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
