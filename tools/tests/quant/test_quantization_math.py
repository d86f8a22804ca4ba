"""Is the arithmetic right that every int8 figure rests on? Scale, zero point, rounding, requantization."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygate.quant.affine import choose_asymmetric, choose_symmetric, dequantize, quantize
from tinygate.quant.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier

settings.register_profile("patient", deadline=None)  # the machine may be busy
settings.load_profile("patient")

ranges = st.tuples(st.floats(-1000, -0.01), st.floats(0.01, 1000))


def test_the_256_bins_of_minus_3_to_6() -> None:
    bins = choose_asymmetric(-3.0, 6.0, qmin=0, qmax=255)
    assert bins.scale == pytest.approx(9 / 255)
    assert bins.zero_point == 85
    np.testing.assert_allclose(dequantize([0, 255, 128], bins), [-3.0, 6.0, 1.51765], atol=1e-5)


@given(ranges)
def test_real_zero_is_exact(bounds: tuple[float, float]) -> None:
    chosen = choose_asymmetric(*bounds)
    assert dequantize(quantize(0.0, chosen), chosen) == 0.0
    assert quantize(0.0, chosen) == chosen.zero_point


@given(ranges, st.lists(st.floats(-1000, 1000), min_size=1, max_size=50))
def test_the_error_of_a_value_in_range_is_half_a_step_at_most(bounds: tuple[float, float], values: list[float]) -> None:
    chosen = choose_asymmetric(*bounds)
    lowest, highest = dequantize([chosen.qmin, chosen.qmax], chosen)
    x = np.clip(values, lowest, highest)
    assert np.abs(dequantize(quantize(x, chosen), chosen) - x).max() <= chosen.scale / 2 * (1 + 1e-9)


@given(ranges)
def test_every_code_survives_the_way_to_a_real_value_and_back(bounds: tuple[float, float]) -> None:
    chosen = choose_asymmetric(*bounds)
    codes = np.arange(-128, 128)
    np.testing.assert_array_equal(quantize(dequantize(codes, chosen), chosen), codes)


@given(ranges)
def test_larger_values_never_get_smaller_codes(bounds: tuple[float, float]) -> None:
    codes = quantize(np.linspace(-1500, 1500, 501), choose_asymmetric(*bounds)).astype(int)
    assert (np.diff(codes) >= 0).all()


def test_per_channel_weights_use_all_codes_where_per_tensor_starves_the_small_channel() -> None:
    w = np.array([[1.0, -1.0, 0.5], [0.01, -0.01, 0.005]])
    per_channel, per_tensor = choose_symmetric(w, axis=0), choose_symmetric(w)
    assert np.abs(quantize(w, per_channel)).max(axis=1).tolist() == [127, 127]
    assert np.abs(quantize(w, per_tensor)).max(axis=1).tolist() == [127, 1]


@pytest.mark.parametrize(("multiplier", "fixed"), [(0.25, (2**30, -1)), (0.75, (3 * 2**29, 0)), (2.0**-33, (0, 0))])
def test_a_multiplier_is_a_31_bit_fraction_and_a_shift(multiplier: float, fixed: tuple[int, int]) -> None:
    assert quantize_multiplier(multiplier) == fixed


@given(st.integers(-(2**24), 2**24), st.floats(1e-6, 0.9))
def test_integer_requantization_follows_real_multiplication(accumulator: int, multiplier: float) -> None:
    got = int(multiply_by_quantized_multiplier(accumulator, *quantize_multiplier(multiplier)))
    assert abs(got - accumulator * multiplier) <= 1.0 + abs(accumulator * multiplier) * 2.0**-31


def test_two_roundings_may_miss_the_nearest_integer() -> None:
    q, shift = quantize_multiplier(0.3)
    accumulators = np.arange(-200_000, 200_000)
    error = np.abs(multiply_by_quantized_multiplier(accumulators, q, shift) - accumulators * 0.3)
    assert 0.5 < error.max() <= 0.5 + 2.0 ** (shift - 1)
