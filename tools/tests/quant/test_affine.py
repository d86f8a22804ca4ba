"""Affine quantization: choosing scale and zero point, codes and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygate.errors import DataError
from tinygate.quant.affine import (
    AffineParameters,
    choose_asymmetric,
    choose_symmetric,
    dequantize,
    per_tensor,
    quantize,
)
from tinygate.quant.rounding import round_half_away

finite = st.floats(-1e6, 1e6)
ranges = st.tuples(finite, finite).filter(lambda r: abs(r[0] - r[1]) > 1e-3).map(lambda r: (min(r), max(r)))


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [(-3, 6, 0.0352941, 85), (-10, 30, 0.156863, 64), (0, 30, 0.117647, 0), (-10, 0, 0.039216, 255)],
)
def test_published_ranges_give_published_parameters(low: float, high: float, scale: float, zero_point: int) -> None:
    chosen = choose_asymmetric(low, high, 0, 255)
    assert chosen.scale == pytest.approx(scale, abs=5e-7)
    assert chosen.zero_point == zero_point
    assert choose_asymmetric(low, high).zero_point == zero_point - 128


@given(ranges)
def test_the_range_is_widened_to_include_zero_and_zero_is_exact(bounds: tuple[float, float]) -> None:
    chosen = choose_asymmetric(*bounds)
    assert dequantize(quantize(0.0, chosen), chosen) == 0.0
    assert chosen.qmin <= chosen.zero_point <= chosen.qmax


@given(ranges, st.floats(0, 1))
def test_in_range_the_error_is_at_most_half_a_step_plus_the_nudge_of_the_zero_point(
    b: tuple[float, float], u: float
) -> None:
    chosen = choose_asymmetric(*b)
    x = b[0] + u * (b[1] - b[0])
    at_the_edges = 1.0 + 1e-9  # rounding the zero point may push an end of the range out by half a step
    assert abs(dequantize(quantize(x, chosen), chosen) - x) <= at_the_edges * chosen.scale


@given(st.floats(1e-6, 1e3), st.integers(-128, 127), st.lists(finite, min_size=2, max_size=20))
def test_quantizing_keeps_order_and_is_idempotent(scale: float, zero_point: int, values: list[float]) -> None:
    chosen = per_tensor(scale, zero_point)
    codes = quantize(np.sort(values), chosen)
    assert (np.diff(codes.astype(int)) >= 0).all()
    np.testing.assert_array_equal(quantize(dequantize(codes, chosen), chosen), codes)


@given(st.floats(1e-3, 10), st.integers(-127, 127))
def test_unclipped_values_are_within_half_a_step(scale: float, code: int) -> None:
    chosen = per_tensor(scale, 0)
    x = scale * (code + np.linspace(-0.5, 0.5, 11))
    assert (np.abs(dequantize(quantize(x, chosen), chosen) - x) <= scale / 2 * (1 + 1e-9)).all()


def test_halves_round_away_from_zero_where_numpy_rounds_to_even() -> None:
    halves = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
    np.testing.assert_array_equal(round_half_away(halves), [-3, -2, -1, 1, 2, 3])
    np.testing.assert_array_equal(np.round(halves), [-2, -2, -0, 0, 2, 2])


def test_the_number_just_below_a_half_rounds_down() -> None:
    below = np.nextafter(np.float32(0.5), np.float32(0))
    assert round_half_away(np.array([below, -below])).tolist() == [0, 0]


def test_equal_channel_scales_are_the_same_as_per_tensor() -> None:
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    channels = AffineParameters(np.full(3, 0.02), np.full(3, 7), -128, 127, axis=1)
    np.testing.assert_array_equal(quantize(x, channels), quantize(x, per_tensor(0.02, 7)))


def test_weights_reach_127_in_every_channel_and_never_minus_128() -> None:
    w = np.random.default_rng(0).normal(size=(5, 30)) * np.logspace(-3, 3, 5)[:, None]
    codes = quantize(w, choose_symmetric(w, axis=0))
    assert np.abs(codes.astype(int)).max(axis=1).tolist() == [127] * 5


def test_a_channel_of_zeros_keeps_a_usable_scale() -> None:
    assert choose_symmetric(np.zeros((2, 3)), axis=0).scales.tolist() == [1.0, 1.0]


def test_out_of_range_saturates() -> None:
    assert quantize([1e9, -1e9], per_tensor(0.1, 0)).tolist() == [127, -128]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_has_no_code_is_refused(bad: float) -> None:
    with pytest.raises(DataError):
        quantize([bad], per_tensor(0.1, 0))
    with pytest.raises(DataError):
        choose_asymmetric(0.0, bad)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_must_be_positive_and_finite(scale: float) -> None:
    with pytest.raises(DataError, match="positive finite"):
        per_tensor(scale, 0)
