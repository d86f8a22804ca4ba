"""The decision: every leaf and border on made-up evidence; on measured models what a person reads from the table."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_evidence import KEEPS, LOSES, OPEN, TARGET, evidence, variant

from tinygate.cli.main import main
from tinygate.study.evidence import Rung
from tinygate.study.facts import Facts
from tinygate.study.pareto import pareto_front
from tinygate.study.recommend import recommend, walk
from tinygate.study.tree import LEAVES, QUESTIONS, ROOT, Answer

TIGHT = {"flash_bytes": 30_000}  # float32 does not fit, int8 does
NARROW = {"download_bytes": 5_000}
PTQ = variant("ptq_int8")
QAT = variant("qat_int8")
WIDE = variant("ptq_int16x8")
LOST = variant("ptq_int8", LOSES)
PACKED = variant("pruned70_int8", zstd_bytes=4_000)

CASES: dict[str, list[tuple[tuple[Any, ...], dict[str, int]]]] = {
    "ship_ptq": [((PTQ,), {}), ((PTQ,), TIGHT)],
    "ship_float": [
        ((LOST,), {}),
        ((variant("ptq_int8", tflite_bytes=40_000, arena=8_000, work=2_000),), {}),
    ],
    "make_ptq": [((), {}), ((QAT,), TIGHT)],
    "undecided_ptq": [
        ((variant("ptq_int8", OPEN),), {}),
        ((variant("ptq_int8", OPEN), variant("qat_int8", OPEN)), TIGHT),
        ((variant("ptq_int8", OPEN),), TIGHT),
    ],
    "ship_qat": [((LOST, QAT), TIGHT), ((variant("ptq_int8", OPEN), QAT), TIGHT)],
    "train_qat": [((LOST,), TIGHT)],
    "undecided_qat": [((LOST, variant("qat_int8", OPEN)), TIGHT)],
    "ship_wide": [((LOST, variant("qat_int8", LOSES), WIDE), TIGHT)],
    "make_wide": [((LOST, variant("qat_int8", LOSES)), TIGHT)],
    "undecided_wide": [((LOST, variant("qat_int8", LOSES), variant("ptq_int16x8", OPEN)), TIGHT)],
    "other_architecture": [((LOST, variant("qat_int8", LOSES), variant("ptq_int16x8", LOSES)), TIGHT)],
    "smaller_architecture": [
        ((PTQ,), {"flash_bytes": 14_999}),
        ((PTQ,), {"ram_bytes": 5_099}),
        ((variant("ptq_int8", refusal="TG-Q015"),), TIGHT),
        ((PTQ, variant("pruned70_int8", LOSES)), NARROW),
        ((PTQ, variant("pruned70_int8", zstd_bytes=5_001)), NARROW),
    ],
    "prune": [((PTQ,), NARROW), ((LOST, QAT), {**TIGHT, **NARROW})],
    "ship_pruned": [((PTQ, PACKED), NARROW), ((LOST, variant("qat_int8", LOSES), WIDE, PACKED), {**TIGHT, **NARROW})],
    "undecided_pruned": [((PTQ, variant("pruned70_int8", OPEN, zstd_bytes=4_000)), NARROW)],
    "measure_time": [((PTQ,), {"latency_us": 1000.0, **TIGHT})],
}  # fmt: skip


@pytest.mark.parametrize(("leaf", "case"), [(leaf, case) for leaf, cases in CASES.items() for case in cases])
def test_every_leaf_is_reached(leaf: str, case: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    variants, product = case
    assert recommend(evidence(*variants, **product), TARGET).leaf == leaf


def test_no_leaf_is_left_out() -> None:
    assert CASES.keys() == LEAVES.keys()


def test_every_answer_leads_somewhere_and_no_question_is_idle() -> None:
    ends = set(itertools.chain.from_iterable(question.next.values() for question in QUESTIONS.values()))
    assert ends <= QUESTIONS.keys() | LEAVES.keys()
    assert QUESTIONS.keys() - ends == {ROOT}


@pytest.mark.parametrize("fact", ["keeps", "fits", "gains", "download"])
@pytest.mark.parametrize("rung", Rung)
def test_every_answer_that_evidence_gives_has_a_branch(fact: str, rung: Rung) -> None:
    """Whatever one variant of each rung looks like, the walk ends in a leaf."""
    shapes = [KEEPS, LOSES, OPEN, None]
    for ptq, qat, wide, pruned in itertools.product(shapes, repeat=4):
        made = zip(("ptq_int8", "qat_int8", "ptq_int16x8", "pruned70_int8"), (ptq, qat, wide, pruned), strict=True)
        variants = [variant(name, interval) for name, interval in made if interval]
        for product in ({}, TIGHT, NARROW, {"latency_us": 1.0}, {"flash_bytes": 1_000}):
            leaf, path = walk(Facts(evidence(*variants, **product), TARGET))
            assert leaf in LEAVES
            assert [name for name, _ in path] == list(dict.fromkeys(name for name, _ in path))


@pytest.mark.parametrize(
    ("interval", "answer"),
    [
        ((-1.0, 1.999), Answer.YES),
        ((-1.0, 2.0), Answer.UNDECIDED),  # the whole interval must lie below
        ((2.0, 3.0), Answer.UNDECIDED),
        ((2.001, 3.0), Answer.NO),
        ((float("-inf"), float("inf")), Answer.UNDECIDED),
    ],
)
def test_the_border_of_a_margin(interval: tuple[float, float], answer: Answer) -> None:
    facts = Facts(evidence(variant("ptq_int8", interval)), TARGET)
    assert facts.answer("keeps", Rung.PTQ) is answer


@pytest.mark.parametrize(
    ("product", "answer"),
    [
        ({"flash_bytes": 15_000}, Answer.YES),  # 10,000 of model and 5,000 of code
        ({"flash_bytes": 14_999}, Answer.NO),
        ({"flash_bytes": 15_000, "application_flash_bytes": 1}, Answer.NO),
        ({"ram_bytes": 5_100}, Answer.YES),  # 4,000 of arena, 1,000 of stack, 100 of code
        ({"ram_bytes": 5_099}, Answer.NO),
        ({"ram_bytes": 5_100, "application_ram_bytes": 1}, Answer.NO),
        ({"latency_us": 700.0}, Answer.YES),
        ({"latency_us": 699.9}, Answer.NO),
    ],
)
def test_the_border_of_what_fits(product: dict[str, float], answer: Answer) -> None:
    facts = Facts(evidence(variant("ptq_int8", latency_us=700.0), **product), TARGET)
    assert facts.answer("fits", Rung.PTQ) is answer


@pytest.mark.parametrize(("limit", "answer"), [(8_000, Answer.YES), (7_999, Answer.NO)])
def test_the_border_of_a_download(limit: int, answer: Answer) -> None:
    assert Facts(evidence(PTQ, download_bytes=limit), TARGET).answer("download", Rung.PTQ) is answer


def test_one_byte_of_flash_is_a_gain_and_none_is_not() -> None:
    same = {"arena": 8_000, "work": 2_000}
    for size, answer in ((39_999, Answer.YES), (40_000, Answer.NO)):
        facts = Facts(evidence(variant("ptq_int8", tflite_bytes=size, **same)), TARGET)
        assert facts.answer("gains", Rung.PTQ) is answer


def test_what_loses_is_not_asked_whether_it_fits() -> None:
    """A variant that fits and one that keeps the margin are no variant that does both."""
    small_but_bad = variant("ptq_int8", LOSES, tflite_bytes=5_000)
    good_but_large = variant("ptq_int8_per_tensor", tflite_bytes=90_000)
    found = recommend(evidence(small_but_bad, good_but_large, flash_bytes=60_000), TARGET)
    assert (found.leaf, found.variant) == ("smaller_architecture", "")


def test_of_two_alike_the_one_that_is_beaten_in_nothing_ships() -> None:
    beaten = variant("ptq_int8", (-1.0, 1.0), tflite_bytes=12_000, agreement=99.9)
    better = variant("ptq_int8_per_tensor", (-1.0, 0.5), tflite_bytes=10_000, agreement=98.0)
    found = recommend(evidence(beaten, better), TARGET)
    assert (found.variant, found.next_best) == ("ptq_int8_per_tensor", "ptq_int8")


def test_where_each_has_its_merit_agreement_decides() -> None:
    exact = variant("ptq_int8", (-1.0, 0.5), tflite_bytes=12_000, agreement=99.9)
    small = variant("ptq_int8_per_tensor", (-1.0, 1.0), tflite_bytes=10_000, agreement=98.0)
    assert recommend(evidence(exact, small), TARGET).variant == "ptq_int8"


def test_the_constraint_that_binds_is_the_one_used_most() -> None:
    for product, first in (({"ram_bytes": 8_500}, "accuracy lost"), ({"ram_bytes": 5_200}, "RAM")):
        found = recommend(evidence(variant("ptq_int8", (-1.0, 1.5)), **product), TARGET)
        assert found.constraints[0].name.startswith(first)
    assert found.constraints[0].share == pytest.approx(5_100 / 5_200)


def test_what_would_change_the_answer_does() -> None:
    """Each sentence is tried: at the number it names, minus one, the answer is another."""
    before = evidence(
        variant("ptq_int8", tflite_bytes=12_000, agreement=99.9),
        variant("ptq_int8_per_tensor", (-1.0, 1.9), tflite_bytes=9_000, arena=4_001),
    )
    found = recommend(before, TARGET)
    assert found.variant == "ptq_int8"
    assert "Were less than 17,000 bytes allowed for flash: ptq_int8_per_tensor would ship." in found.changes
    tighter = replace(before, product=before.product.model_copy(update={"flash_bytes": 16_999}))
    assert recommend(tighter, TARGET).variant == "ptq_int8_per_tensor"


def test_inconclusive_names_the_windows() -> None:
    found = recommend(evidence(variant("ptq_int8", OPEN, windows=4_321)), TARGET)
    assert (found.variant, found.windows_needed) == ("", 4_321)


def test_without_a_limit_nothing_is_decided() -> None:
    base = variant("ptq_int8")
    assert base.loss is not None
    unlimited = replace(base, loss=replace(base.loss, limit=None))
    assert recommend(evidence(unlimited), TARGET).leaf == "undecided_ptq"


def test_the_front_leaves_out_what_another_beats() -> None:
    points = {"a": (1.0, 5.0), "b": (5.0, 1.0), "beaten": (5.0, 5.0), "twin": (1.0, 5.0), "middle": (3.0, 3.0)}
    assert pareto_front(points) == ("a", "b", "twin", "middle")


def test_what_does_not_run_is_not_on_the_front() -> None:
    refused = variant("ptq_int8", refusal="TG-Q014", tflite_bytes=1)
    assert recommend(evidence(refused), TARGET).front == ("float32",)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    sys.argv = ["tinygate", "recommend", *words]
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize(
    ("name", "ships", "next_best"),
    [
        ("gesture", "ptq_int8_per_tensor", "ptq_int8"),  # smaller than ptq_int8 in all, and its interval lies lower
        ("digits", "ptq_int8", "float32"),
        ("anomaly", "ptq_int8", "float32"),
        ("sine", "float32", "ptq_int8"),  # int8 is larger, needs more arena, and doubles the error
    ],
)  # fmt: skip
def test_measured_models_get_what_a_person_reads(
    capsys: pytest.CaptureFixture[str], name: str, ships: str, next_best: str
) -> None:
    code, said, _ = run(capsys, "--model", name, "--json")
    (found,) = json.loads(said)
    assert (code, found["variant"], found["next_best"]) == (0, ships, next_best)


def test_a_time_limit_waits_for_a_board(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree("models/sine", tmp_path / "models" / "timed")
    path = tmp_path / "models" / "timed" / "model.toml"
    path.write_text(path.read_text() + "\n[product]\nlatency_us = 100.0\n")
    monkeypatch.chdir(tmp_path)
    assert "Measure the time on a board" in run(capsys)[1]
    assert "ptq_int8. Ship post-training" in run(capsys, "--latency", "float32=120", "--latency", "ptq_int8=80")[1]


def test_an_unknown_target_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, "--target", "abacus")
    assert (code, "known: esp32" in error) == (2, True)


def test_the_tree_prints_every_question(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, "--tree")[1]
    assert all(question.text in said for question in QUESTIONS.values())
    assert all(leaf.action in said for leaf in LEAVES.values())
