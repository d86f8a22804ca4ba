"""Pictures and sentences say what the evidence says, and are left out where there is none."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from made_evidence import KEEPS, LOSES, TARGET, evidence, variant

from tinygate.study import charts, charts_bytes, sentences
from tinygate.study.budget import budgets_of, code_text
from tinygate.study.evidence import Evidence
from tinygate.study.facts import Facts
from tinygate.study.page import Branch, branches
from tinygate.study.recommend import recommend
from tinygate.study.tree import Answer

METHODS = {
    "float32": "float32", "ptq_int8": "ptq_int8", "pruned70_int8": "pruned70_int8", "pruned90_int8": "pruned90_int8",
}  # fmt: skip
PURPOSES = {
    "weights": (6_000, 6_000),
    "quantization parameters": (3_000, 2_000),
    "names": (500, 0),
    "metadata": (500, 0),
}


def whole(*, pruned: tuple[float, float] = KEEPS) -> Evidence:
    """Float, int8 and two pruned variants, of 70 and 90 % zeros; the second loses what `pruned` says."""
    seventy = variant("pruned70_int8", zstd_bytes=5_000)
    ninety = replace(variant("pruned70_int8", pruned, zstd_bytes=3_000), name="pruned90_int8")
    made = evidence(
        variant("ptq_int8"),
        replace(seventy, sparsity={"0 CONV_2D": 0.7, "all": 0.7}),
        replace(ninety, sparsity={"0 CONV_2D": 0.9, "all": 0.9}),
    )
    zeros = {"float32": 0.0, "ptq_int8": 0.01, "pruned70_int8": 0.7, "pruned90_int8": 0.9}
    variants = (
        replace(v, purposes=PURPOSES, sparsity={"0 CONV_2D": zeros[v.name], "all": zeros[v.name]})
        for v in made.variants
    )
    return replace(made, variants=tuple(variants))


def texts(svg: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_the_curve_of_pruning_has_a_row_for_each_point() -> None:
    chart = charts.pruning(whole(), METHODS)
    assert chart is not None
    assert [row[:2] for row in chart.rows] == [
        ("ptq_int8", "1.0"),
        ("pruned70_int8", "70.0"),
        ("pruned90_int8", "90.0"),
    ]
    assert [row[6] for row in chart.rows] == ["8,000", "5,000", "3,000"]
    assert "accuracy, %" in texts(chart.svg)
    assert any("zeros among the weights, %" in text for text in texts(chart.svg))


def test_without_pruned_variants_there_is_no_curve() -> None:
    assert charts.pruning(evidence(variant("ptq_int8")), METHODS) is None


def test_the_waterfall_ends_with_the_sparsest_that_keeps_its_margin() -> None:
    assert charts_bytes.compression(whole(), TARGET)[-1] == ("pruned90_int8, stripped, packed", 3_000)
    assert charts_bytes.compression(whole(pruned=LOSES), TARGET)[-1] == ("pruned70_int8, stripped, packed", 5_000)
    steps = charts_bytes.compression(evidence(variant("ptq_int8")), TARGET)
    assert steps == [("float32", 40_000), ("ptq_int8", 10_000), ("stripped", 10_000), ("packed by zstd", 8_000)]


@pytest.mark.parametrize(("size", "word"), [(8_001, "below"), (8_000, "within"), (4_000, "within"), (3_999, "above")])
def test_the_total_is_held_against_the_claim(size: int, word: str) -> None:
    chart = charts_bytes.waterfall(evidence(variant("ptq_int8", zstd_bytes=size)), TARGET)
    assert chart is not None
    assert f"{word} the 5 to 10 ×" in chart.caption
    assert chart.rows[-1] == ("packed by zstd", f"{size:,}", f"{40_000 / size:.2f}")


def test_losses_show_interval_and_margin() -> None:
    chart = charts.losses(whole())
    assert chart is not None
    assert chart.rows[0] == ("ptq_int8", "+0 (-1 to +1)", "2", "")
    assert any("accuracy lost against float32, points" in text for text in texts(chart.svg))


def test_the_budget_adds_up_to_what_the_decision_uses() -> None:
    made = evidence(variant("ptq_int8"), application_flash_bytes=7_000, application_ram_bytes=500)
    v = made.variants[1]
    flash, ram = budgets_of(made, v, TARGET)
    assert sum(flash.parts.values()) == made.flash_bytes(v, TARGET) == 10_000 + 5_000 + 7_000
    assert sum(ram.parts.values()) == made.ram_bytes(v, TARGET) == 4_000 + 1_000 + 100 + 500
    assert flash.text == "fits with 76 KB of flash to spare"
    assert "14 KB of RAM to spare" in ram.text


def test_what_does_not_fit_says_what_must_go() -> None:
    made = evidence(variant("ptq_int8"), flash_bytes=12_000)
    flash, _ = budgets_of(made, made.variants[1], TARGET)
    assert flash.text == "3 KB of flash must go; the largest part: model"


def test_code_that_nobody_measured_is_said_to_be_left_out() -> None:
    made = evidence(variant("ptq_int8"))
    assert "No build for abacus has been measured" in code_text(made, "abacus")
    assert "CONV_2D" in code_text(made, TARGET)
    paged = replace(made, code={TARGET: replace(made.code[TARGET], page_bytes=65_536)})
    assert "65,536 bytes" in code_text(paged, TARGET)


def test_sentences_name_what_was_measured() -> None:
    said = dict(sentences.all_of(whole(), TARGET))
    assert "40,000 / 10,000 is 4.00" in said["Why is int8 not four times smaller?"]
    pruning = said["What does pruning save?"]
    assert "pruned90_int8 has 90% zeros and packs to 3,000 bytes instead of 8,000" in pruning
    assert "its file takes 10,000 bytes of flash instead of 10,000" in pruning


def test_no_sentence_about_what_is_not_there() -> None:
    assert sentences.all_of(evidence(), TARGET) == ()


def taken(branch: Branch) -> list[str]:
    return [branch.text, *(text for each in branch.branches if each.is_taken for text in taken(each))]


def test_the_way_through_the_tree_is_marked_and_no_other() -> None:
    answer = recommend(evidence(variant("ptq_int8", LOSES), variant("qat_int8"), flash_bytes=30_000), TARGET)
    way = taken(branches(answer))
    assert way[-1] == answer.action
    assert len(way) == len(answer.path) + 1


def test_work_that_nobody_counted_is_neither_a_gain_nor_a_loss() -> None:
    uncounted = replace(variant("ptq_int8", tflite_bytes=40_000, arena=8_000), work={})
    facts = Facts(evidence(uncounted), TARGET)
    assert facts.costs(uncounted)[2] is None
    assert facts.gains(uncounted) is Answer.NO
    beaten = replace(variant("pruned70_int8", (2.0, 3.0)), work={})
    assert recommend(evidence(variant("ptq_int8"), beaten), TARGET).front == ("ptq_int8",)
