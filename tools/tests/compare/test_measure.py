"""Errors counted in codes: the histogram's ends, the mean's sign, clipping on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_build import ModelBuilder

from tinygate.compare.measure import HISTOGRAM_LSB, Accumulator
from tinygate.compare.render import sparkline


def accumulated(reference: list[float], codes: list[int], scale: float = 0.5, zero_point: int = 3) -> Accumulator:
    build = ModelBuilder()
    tensor = build.tensors[build.tensor("t", (1, len(codes)), "int8", [scale], [zero_point])]
    total = Accumulator(tensor)
    total.add(np.array([reference], np.float32), np.array([codes], np.int8))
    return total


def test_errors_are_counted_by_their_codes_and_far_ones_at_the_ends() -> None:
    codes = accumulated([0.0, 0.0, 0.0, 0.0, 0.0], [3, 4, 2, 100, -100]).codes()
    wanted = np.zeros(2 * HISTOGRAM_LSB + 1)
    wanted[[0, HISTOGRAM_LSB - 1, HISTOGRAM_LSB, HISTOGRAM_LSB + 1, -1]] = 0.2
    assert codes["lsb_histogram"] == pytest.approx(wanted)
    assert codes["within_one_lsb"] == pytest.approx(0.6)
    assert codes["lsb_mean"] == pytest.approx((97 - 103) / 5)


@pytest.mark.parametrize(
    ("value", "code", "clipped"), [(62.2, 127, 0), (62.3, 127, 1), (-65.7, -128, 0), (-65.8, -128, 1)]
)
def test_what_no_code_reaches_is_clipped_on_either_side(value: float, code: int, clipped: int) -> None:
    assert accumulated([value], [code]).clipped == clipped


def test_a_clipped_value_is_no_error_in_codes() -> None:
    assert accumulated([1000.0], [127]).codes()["lsb_mean"] == 0


def test_chunks_add_up() -> None:
    whole = accumulated([0.1, 0.7, -3.0], [3, 5, -4])
    parts = accumulated([0.1], [3])
    for value, code in ((0.7, 5), (-3.0, -4)):
        parts.add(np.array([[value]], np.float32), np.array([[code]], np.int8))
    assert parts.sqnr_db == pytest.approx(whole.sqnr_db)
    assert parts.codes() == whole.codes()


def test_the_sparkline_shows_every_error_however_rare() -> None:
    shares = [0.0] * 17
    shares[8], shares[9], shares[10] = 1.0, 1e-4, 1e-6
    assert sparkline(shares)[8:11] == "█▁▁"
    assert sparkline([0.0] * 17).strip() == ""
