"""A run beside a baseline, in words: what differs and who changed, and where the time goes."""

from __future__ import annotations

from tinygate.judge.difference import difference, operator_names, profile_sentence
from tinygate.model.baseline import Entry

BEFORE = Entry(
    run="one", conditions={"cpu_mhz": 240}, parts={"model": "a", "component kernels": "esp-nn 1.2.3"},
    operators=("CONV_2D", "CONV_2D"), figures={"arena_used_bytes": 4060}, latency_us=(1000.0, 1002.0),
    ticks=((100.0, 300.0), (102.0, 300.0)),
)  # fmt: skip


def changed(**fields: object) -> list[str]:
    return list(difference(BEFORE, BEFORE.model_copy(update=fields)))


def test_nothing_differs() -> None:
    assert [line for line in changed() if "ticks" not in line] == ["latency_median_us: 1,001 → 1,001 (+0.00 %)"]


def test_what_differs_is_told_with_who_changed() -> None:
    parts = {"model": "a", "component kernels": "esp-nn 1.2.6"}
    lines = changed(figures={"arena_used_bytes": 4100}, latency_us=(1101.1,), ticks=((101.0, 600.0),), parts=parts)
    assert lines[0] == "arena_used_bytes: 4,060 → 4,100 (+40)"
    assert lines[1] == "latency_median_us: 1,001 → 1,101.1 (+10.00 %)"
    assert lines[3].split() == "CONV_2D #2 600 ticks 85.6 % × 2.00 of 300".split()
    assert lines[-1] == "changed: component kernels: esp-nn 1.2.3 → esp-nn 1.2.6"


def test_another_configuration_is_said_first() -> None:
    assert changed(conditions={"cpu_mhz": 160})[0] == "another configuration: cpu_mhz 240, now 160"


def test_other_operators_have_no_factor() -> None:
    assert not any("×" in line for line in changed(operators=("CONV_2D", "SOFTMAX")))


def test_no_baseline_is_said() -> None:
    assert next(difference(None, BEFORE)) == "no baseline is set"


def test_operators_of_a_kind_are_numbered() -> None:
    assert operator_names(["ADD", "MUL", "ADD"]) == ["ADD", "MUL", "ADD #2"]


def test_a_profile_in_a_sentence_names_the_largest_and_counts_the_rest() -> None:
    names, ticks = list("ABCDEFG"), [1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 75.0]
    assert profile_sentence(names, ticks) == "Of 100 ticks: G 75 %, F 10 %, E 5 %, D 4 %, C 3 % and 2 more."
    assert "CONV_2D #2 86 % (× 2.00)" in profile_sentence(BEFORE.operators, (101.0, 600.0), BEFORE)
