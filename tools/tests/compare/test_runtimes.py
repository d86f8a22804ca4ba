"""The same model in two runtimes: equal to itself; the operator that rounds otherwise is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.compare.runtimes import compare_runtimes
from tinygate.model.folder import load_model
from tinygate.oracle.execution import execution

GESTURE = load_model(Path("models/gesture"))


@pytest.mark.parametrize("name", ["ptq_int8", "qat_int8"])
def test_reference_kernels_of_litert_differ_in_fully_connected_only(name: str) -> None:
    content, inputs = GESTURE.variant(name).content, GESTURE.dataset.test.inputs
    comparison = compare_runtimes(execution(content, inputs, "tflm"), execution(content, inputs, "litert-ref"))
    first = comparison.first_diverging
    assert first is not None
    assert first.kind == "FULLY_CONNECTED"
    assert first.largest_lsb == 1
    assert first.differing <= 0.005 * first.elements


@pytest.mark.parametrize("name", ["ptq_int8", "ptq_int8_per_tensor", "ptq_int16x8", "qat_int8"])
def test_the_interpreter_in_numpy_is_tflm_to_the_bit(name: str) -> None:
    content, inputs = GESTURE.variant(name).content, GESTURE.dataset.test.inputs[::8]
    comparison = compare_runtimes(execution(content, inputs, "tflm"), execution(content, inputs, "numpy"))
    assert comparison.first_diverging is None


def test_a_runtime_agrees_with_itself() -> None:
    one = execution(GESTURE.variant("ptq_int8").content, GESTURE.dataset.test.inputs[:100])
    comparison = compare_runtimes(one, one)
    assert comparison.first_diverging is None
    assert comparison.flips == 0
    assert len(comparison.operators) == len(one.model.main.operators)


def test_the_place_of_the_first_difference_is_given() -> None:
    content, inputs = GESTURE.variant("ptq_int8").content, GESTURE.dataset.test.inputs[:300]
    one, other = execution(content, inputs, "tflm"), execution(content, inputs, "litert")
    first = compare_runtimes(one, other).first_diverging
    assert first is not None
    assert first.first is not None
    sample, element = first.first
    ours, theirs = (e.raw([first.tensor], slice(sample, sample + 1))[0] for e in (one, other))
    assert ours[0, element] != theirs[0, element]
    assert (ours[0, :element] == theirs[0, :element]).all()
