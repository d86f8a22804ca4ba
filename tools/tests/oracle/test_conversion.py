"""Real values to codes and back, as the firmware does it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.errors import DataError, ModelFileError
from tinygate.oracle import dequantize_outputs, oracle, quantize_inputs, run_tflm
from tinygate.tflite import TfliteModel


def passing_through(dtype: str, scales: list[float], zero_points: list[int]) -> TfliteModel:
    build = ModelBuilder()
    x = build.tensor("x", (1, 2), dtype, scales, zero_points)
    return build.model([x], [x])


def test_halves_round_away_from_zero() -> None:
    raw = quantize_inputs(passing_through("int8", [1.0], [0]), np.array([[0.5, -0.5], [1.5, -2.5]]))
    assert raw.dtype == np.int8
    assert raw.tolist() == [[1, -1], [2, -3]]


def test_values_beyond_the_range_saturate_even_after_the_zero_point() -> None:
    raw = quantize_inputs(passing_through("int8", [0.1], [100]), np.array([[1e30, -1e30], [3.0, -23.0]]))
    assert raw.tolist() == [[127, -128], [127, -128]]


def test_inputs_of_a_float_model_pass_unchanged() -> None:
    values = np.array([[0.1, -7.0]], np.float32)
    np.testing.assert_array_equal(quantize_inputs(passing_through("float32", [], []), values), values)


def test_outputs_come_back_as_real_values() -> None:
    real = dequantize_outputs(passing_through("int8", [1 / 256], [-128]), np.array([[-128, 127]], np.int8))
    assert real.tolist() == [[0.0, 255 / 256]]


def test_nan_has_no_code() -> None:
    with pytest.raises(DataError, match="NaN"):
        quantize_inputs(passing_through("int8", [1.0], [0]), np.array([[np.nan, 0]]))


def test_a_quantized_input_without_scale_is_refused() -> None:
    with pytest.raises(ModelFileError, match="0 scales"):
        quantize_inputs(passing_through("int8", [], []), np.zeros((1, 2)))


def two_inputs() -> TfliteModel:
    build = ModelBuilder()
    real, number = build.tensor("real", (1, 2), "int8", [0.5], [3]), build.tensor("number", (1, 1), "int32")
    return build.model([real, number], [real])


def test_several_inputs_are_taken_in_order_or_by_name() -> None:
    real, number = np.array([[0.25, 1.0]]), np.array([[70_000]])
    for given in ([real, number], {"number": number, "real": real}):
        codes, passed = quantize_inputs(two_inputs(), given)
        assert codes.tolist() == [[4, 5]]
        assert (passed.dtype, passed.tolist()) == (np.int32, [[70_000]])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([np.zeros((1, 2))], "1 inputs given, the model takes 2"),
        ({"real": np.zeros((1, 2)), "numbr": np.zeros((1, 1))}, "numbr, real given, the model takes real, number"),
        ([np.zeros((1, 2)), np.array([[2**40]])], "int32, which cannot hold the int64"),
        ([np.zeros((1, 2)), np.array([[True]])], "takes int32, got bool"),
    ],
)
def test_inputs_that_do_not_fit_are_one_sentence(given: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        quantize_inputs(two_inputs(), given)


def test_codes_pass_and_other_integers_are_real_values() -> None:
    model = passing_through("int8", [0.5], [3])
    assert quantize_inputs(model, np.array([[4, 5]], np.int8)).tolist() == [[4, 5]]
    assert quantize_inputs(model, np.array([[4, 5]], np.int16)).tolist() == [[11, 13]]
    assert quantize_inputs(passing_through("bool", [], []), np.array([[True, False]])).tolist() == [[True, False]]


def test_outputs_that_are_not_quantized_come_back_as_they_are() -> None:
    assert dequantize_outputs(passing_through("int64", [], []), np.array([[2**40, 1]])).tolist() == [[2**40, 1]]


@pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")
def test_tflm_quantizes_to_the_same_codes() -> None:
    build = ModelBuilder()
    x = build.tensor("x", (1, 1), "float32")
    y = build.tensor("y", (1, 1), "int8", [0.037], [-11])
    build.operator("QUANTIZE", [x], [y])
    halves = ((np.arange(-150, 150) + 0.5) * np.float32(0.037)).astype(np.float32)
    values = np.concatenate([halves, np.random.default_rng(0).normal(0, 3, 3000).astype(np.float32)])[:, None]
    by_tflm = run_tflm(write_model(build.model([x], [y])), values).outputs
    np.testing.assert_array_equal(quantize_inputs(passing_through("int8", [0.037], [-11]), values), by_tflm)
