"""Ratio rules between variants."""

from __future__ import annotations

import pytest

from tinygate.judge.ratio import judge_rule, rules_at
from tinygate.model.folder import Model
from tinygate.verdict import Verdict


@pytest.mark.parametrize(
    ("values", "ratio", "verdict"),
    [
        ({"float32": 10_000, "ptq_int8": 7_000}, 0.7, Verdict.PASS),
        ({"float32": 10_000, "ptq_int8": 7_001}, 0.7001, Verdict.FAIL),
        ({"float32": 10_000, "ptq_int8": 999}, 0.0999, Verdict.FAIL),
        ({"float32": 10_000}, None, Verdict.INCONCLUSIVE),
        ({"float32": None, "ptq_int8": 7_000}, None, Verdict.INCONCLUSIVE),
        ({"float32": 0, "ptq_int8": 7_000}, None, Verdict.INCONCLUSIVE),
    ],
)
def test_a_ratio_against_its_rule(
    toy: Model, values: dict[str, int | None], ratio: float | None, verdict: Verdict
) -> None:
    finding = judge_rule(toy, toy.config.rules[0], "esp32", values)
    assert (finding.value, finding.verdict) == (ratio, verdict)


def test_a_ratio_is_judged_unrounded(toy: Model) -> None:
    values = {"float32": 1_000_000, "ptq_int8": 700_001}
    assert judge_rule(toy, toy.config.rules[0], "esp32", values).verdict is Verdict.FAIL


def test_rules_apply_only_where_they_say(toy: Model) -> None:
    assert len(list(rules_at(toy, "esp32"))) == 1
    assert list(rules_at(toy, "host")) == []


def test_a_finding_names_both_sides_and_where_the_rule_stands(toy: Model) -> None:
    finding = judge_rule(toy, toy.config.rules[0], "esp32", {"float32": 10_000, "ptq_int8": 8_000})
    assert (finding.model, finding.variant, finding.place, finding.check) == ("toy", "ptq_int8", "esp32", "rule")
    assert (finding.figure, finding.limit) == ("arena_used_bytes ratio to float32", toy.config.rules[0].text)
    assert finding.reason == f"arena_used_bytes: ptq_int8 8000, float32 10000; rule in {toy.config_path}."
    assert finding.file == str(toy.variant_path("ptq_int8"))


@pytest.mark.parametrize(
    ("values", "missing"), [({"float32": 1}, "ptq_int8"), ({"ptq_int8": 1}, "float32"), ({}, "ptq_int8")]
)
def test_the_side_that_was_not_measured_is_named(toy: Model, values: dict[str, int | None], missing: str) -> None:
    finding = judge_rule(toy, toy.config.rules[0], "esp32", values)
    assert finding.reason == f"No arena_used_bytes of {missing} was measured there, so the rule cannot be decided."
    assert (finding.model, finding.variant, finding.place, finding.check) == ("toy", "ptq_int8", "esp32", "rule")
    assert (finding.value, finding.limit, finding.file) == (
        None, toy.config.rules[0].text, str(toy.variant_path("ptq_int8")),
    )  # fmt: skip
    assert finding.figure == "arena_used_bytes ratio to float32"
