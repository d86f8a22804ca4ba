"""Real values to codes and back, as the firmware does it."""

from __future__ import annotations

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
