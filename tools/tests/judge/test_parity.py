"""Comparing a board's outputs with the oracle's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tinygate.errors import EvidenceError
from tinygate.interpreter.execution import interpret
from tinygate.interpreter.rounding import Rounding
from tinygate.judge.oracle import OracleRun, run_oracle
from tinygate.judge.parity import CHIP_FLOAT_TOLERANCE, alike, compare, compare_all, explanation, judge_parity
from tinygate.model.folder import Variant, load_model
from tinygate.verdict import Finding, Verdict

ORACLE = np.array([[1, 2, 3], [4, 6, 5], [9, 8, 7]], np.int8)


def test_equal_outputs_have_no_mismatch() -> None:
    parity = compare(ORACLE, ORACLE)
    assert (parity.mismatches, parity.first, parity.windows) == (0, None, 3)


def test_one_unit_in_one_value_is_a_mismatch_and_is_shown() -> None:
    device = ORACLE + np.array([[0, 0, 0], [0, 0, 0], [0, 0, 1]], np.int8)
    parity = compare(device, ORACLE, tolerance=5)
    assert (parity.mismatches, parity.first, parity.largest_difference) == (1, 2, 1)
    assert "window 2: board [9 8 8], oracle [9 8 7]" in parity.sentence()


def test_int8_extremes_do_not_wrap_around() -> None:
    extremes = np.array([[127, -128]], np.int8)
    assert compare(-extremes - 1, extremes).largest_difference == 255


def test_floats_within_tolerance_agree() -> None:
    oracle = np.array([[0.1, 0.9]], np.float32)
    assert compare(oracle + np.float32(1e-6), oracle, 1e-5).mismatches == 0
    assert compare(oracle + np.float32(1e-6), oracle).mismatches == 1


def test_another_decision_is_a_mismatch_even_within_tolerance() -> None:
    oracle, device = np.array([[0.5, 0.500001]], np.float32), np.array([[0.500001, 0.5]], np.float32)
    assert compare(device, oracle, 1e-5).mismatches == 1


def test_not_a_number_is_a_mismatch() -> None:
    nan = np.array([[np.nan, 1.0]], np.float32)
    assert compare(nan, nan, 1.0).mismatches == 1


@pytest.mark.parametrize("other", [ORACLE[:2], ORACLE.astype(np.float32)])
def test_outputs_of_another_kind_cannot_be_compared(other: np.ndarray) -> None:
    with pytest.raises(EvidenceError, match="the same test set"):
        compare(other, ORACLE)


@pytest.fixture(scope="module")
def oracle() -> OracleRun:
    return run_oracle(load_model(Path("models/gesture")).variant("ptq_int8"))


def single_rounding(oracle: OracleRun) -> NDArray[Any]:
    """What a board answers whose kernels round once where TensorFlow Lite Micro rounds twice."""
    return interpret(oracle.tflite, oracle.fed[0], lambda operator: Rounding.SINGLE).outputs


def test_another_rounding_is_named_where_it_explains_every_difference(oracle: OracleRun) -> None:
    assert "single" in explanation(oracle, [single_rounding(oracle)])


def test_a_wrong_value_is_explained_by_no_rounding(oracle: OracleRun) -> None:
    outputs = np.array(oracle.reference.outputs)
    outputs[7] ^= 64
    assert explanation(oracle, [outputs]) == ""


def test_answers_that_are_all_alike_are_said_to_prove_little() -> None:
    assert alike([np.zeros((5, 2), np.int8), np.ones((5, 1), np.float32)]).startswith(
        "all 5 windows have the same answer"
    )
    assert not alike([np.zeros((5, 2), np.int8), np.arange(5)])
    assert not alike([np.zeros((1, 2), np.int8)])


def test_of_several_outputs_the_one_that_differs_first_is_shown() -> None:
    late, early = ORACLE.copy(), ORACLE.copy()
    late[2, 0], early[1, 0] = 99, 0
    parity = compare_all([ORACLE, late, early], [ORACLE] * 3)
    assert (parity.first, parity.mismatches, parity.largest_difference) == (1, 2, 90)
    assert compare_all([ORACLE, ORACLE], [ORACLE] * 2).first is None


def test_another_number_of_outputs_is_another_model() -> None:
    with pytest.raises(EvidenceError, match="2 outputs, the oracle 1: expected the same model"):
        compare_all([ORACLE, ORACLE], [ORACLE])


def variant_and_oracle(name: str) -> tuple[Variant, OracleRun]:
    variant = load_model(Path("models/gesture")).variant(name)
    return variant, run_oracle(variant)


def judged(name: str, change: Any = 0, *, exact_floats: bool = False, runtime: str = "tflm") -> Finding:
    """Judge a board that answers as the oracle does but for one value of window 7."""
    variant, oracle = variant_and_oracle(name)
    oracle = replace(oracle, reference=replace(oracle.reference, oracle=runtime))
    outputs = np.array(oracle.reference.outputs)
    outputs[7, 0] += outputs.dtype.type(change)
    return judge_parity(variant, "esp32", [outputs], oracle, exact_floats=exact_floats)


def test_a_board_that_answers_as_the_oracle_passes() -> None:
    finding = judged("ptq_int8")
    assert (finding.verdict, finding.value, finding.limit) == (Verdict.PASS, 0, "= 0, every value equal")
    assert (finding.check, finding.figure, finding.place) == ("parity", "parity_mismatches", "esp32")
    assert finding.reason.startswith("1526 windows compared; largest difference 0. Oracle: tflm ")
    assert finding.note == ""


def test_one_code_in_one_window_fails() -> None:
    finding = judged("ptq_int8", 1)
    assert (finding.verdict, finding.value) == (Verdict.FAIL, 1)
    assert "1 of 1526 windows differ, the first is window 7" in finding.reason


def test_a_difference_from_a_stand_in_of_the_interpreter_decides_nothing() -> None:
    assert judged("ptq_int8", 1, runtime="litert-ref").verdict is Verdict.INCONCLUSIVE
    assert judged("ptq_int8", 0, runtime="litert-ref").verdict is Verdict.PASS


def test_a_chips_floats_may_differ_a_little_and_it_is_said() -> None:
    finding = judged("float32", CHIP_FLOAT_TOLERANCE / 2)
    assert finding.verdict is Verdict.PASS
    assert finding.limit == "= 0, floats within 1e-05 and the same decision"
    assert "orders float additions otherwise" in finding.note
    assert judged("float32", CHIP_FLOAT_TOLERANCE * 2).verdict is Verdict.FAIL


def test_floats_of_the_oracles_own_build_must_be_equal() -> None:
    finding = judged("float32", CHIP_FLOAT_TOLERANCE / 2, exact_floats=True)
    assert (finding.verdict, finding.limit) == (Verdict.FAIL, "= 0, every value equal")


def test_a_rounding_that_explains_the_difference_is_named_and_fails() -> None:
    variant, oracle = variant_and_oracle("ptq_int8")
    finding = judge_parity(variant, "esp32", [single_rounding(oracle)], oracle, exact_floats=False)
    assert finding.verdict is Verdict.FAIL
    assert "Explained by another rounding: " in finding.reason
