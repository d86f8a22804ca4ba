"""TFLM's requantization against published tables, exact rational arithmetic and a plain port that loops."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygate.errors import DataError
from tinygate.quant.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    multiply_by_quantized_multiplier,
    multiply_by_quantized_multiplier_int64,
    quantize_multiplier,
    quantize_multipliers,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)

int32s = st.integers(INT32_MIN, INT32_MAX)
multipliers = st.floats(1e-9, 0.999999)


def truncated(numerator: int, denominator: int) -> int:
    """C's integer division."""
    quotient = abs(numerator) // denominator
    return quotient if numerator >= 0 else -quotient


def nearest_half_away(value: Fraction) -> int:
    whole = int(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


@pytest.mark.parametrize(
    ("real", "expected"),
    [
        (0.25, (1073741824, -1)),
        (0.75, (1610612736, 0)),
        (2.0**-32, (1073741824, -31)),
        (2.0**-33, (0, 0)),
        (0.0, (0, 0)),
        (1.0, (1073741824, 1)),
        (1 - 2.0**-40, (1073741824, 1)),  # rounds up to 2^31: halved, shift raised
        (-0.25, (-1073741824, -1)),
    ],
)
def test_published_multipliers(real: float, expected: tuple[int, int]) -> None:
    assert quantize_multiplier(real) == expected


@pytest.mark.parametrize(("x", "expected"), [(10000, 10), (-10000, -10), (0, 0)])
def test_published_products(x: int, expected: int) -> None:
    assert multiply_by_quantized_multiplier(x, *quantize_multiplier(0.00097656)) == expected


@pytest.mark.parametrize("real", [np.nan, np.inf, -np.inf])
def test_a_multiplier_that_is_no_number_is_refused(real: float) -> None:
    with pytest.raises(DataError, match="fixed point"):
        quantize_multiplier(real)


@given(multipliers)
def test_a_multiplier_is_held_to_31_bits(real: float) -> None:
    q, shift = quantize_multiplier(real)
    assert 2**30 <= q < 2**31
    assert abs(Fraction(q) * Fraction(2) ** (shift - 31) - Fraction(real)) <= Fraction(2) ** (shift - 32)


@given(int32s, int32s)
def test_high_mul_is_the_nudged_product_divided_as_c_divides(a: int, b: int) -> None:
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    expected = min(truncated(a * b + nudge, 2**31), INT32_MAX)
    assert saturating_rounding_doubling_high_mul(a, b) == expected


def test_the_one_product_that_overflows_saturates() -> None:
    assert saturating_rounding_doubling_high_mul(INT32_MIN, INT32_MIN) == INT32_MAX


@given(int32s, st.integers(0, 31))
def test_dividing_by_a_power_of_two_rounds_half_away(x: int, exponent: int) -> None:
    assert rounding_divide_by_pot(x, exponent) == nearest_half_away(Fraction(x, 2**exponent))


@given(int32s, multipliers)
def test_requantization_error_is_bounded_but_may_exceed_half(x: int, real: float) -> None:
    q, shift = quantize_multiplier(real)
    exact = Fraction(x) * Fraction(real)
    right = max(-shift, 0)
    bound = Fraction(1, 2) + Fraction(1, 2 ** (right + 1)) + abs(exact) / 2**31
    assert abs(int(multiply_by_quantized_multiplier(x, q, shift)) - exact) <= bound


@given(st.integers(-(2**24), 2**24), st.floats(1e-6, 0.5))
def test_double_and_single_rounding_differ_by_at_most_one(x: int, real: float) -> None:
    q, shift = quantize_multiplier(real)
    total = 31 - shift
    single = (x * q + (1 << (total - 1))) >> total
    assert abs(int(multiply_by_quantized_multiplier(x, q, shift)) - single) <= 1


@given(st.lists(int32s, min_size=1, max_size=20), multipliers)
def test_requantization_keeps_order(values: list[int], real: float) -> None:
    scaled = multiply_by_quantized_multiplier(np.sort(values), *quantize_multiplier(real))
    assert (np.diff(scaled) >= 0).all()


def test_arrays_give_what_scalars_give() -> None:
    rng = np.random.default_rng(0)
    x, real = rng.integers(INT32_MIN, INT32_MAX, 2000), 10 ** rng.uniform(-9, 0, 2000)
    q, shift = quantize_multipliers(real)
    one_by_one = [int(multiply_by_quantized_multiplier(*t)) for t in zip(x, q, shift, strict=True)]
    np.testing.assert_array_equal(multiply_by_quantized_multiplier(x, q, shift), one_by_one)


def test_a_left_shift_beyond_32_bits_is_refused() -> None:
    with pytest.raises(DataError, match="32 bits"):
        multiply_by_quantized_multiplier(2**30, 2**30, 2)


@given(st.integers(-(2**40), 2**40), st.floats(1e-6, 0.9))
def test_the_64_bit_form_is_right_to_its_15_bits(x: int, real: float) -> None:
    got = int(multiply_by_quantized_multiplier_int64(x, *quantize_multiplier(real)))
    assert abs(got - x * real) <= 0.5 + abs(x * real) * 2**-14
