"""The generated C computes what the host's NumPy path computes, bit by bit, and is defined for every input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_header import AS_C, AS_CXX, SANITIZED, Compiled, header_for
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.preprocessing.description import RAW_BYTES, read_description
from tinygate.preprocessing.emit_c import InputType
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import Plan, plan_of
from tinygate.quant.codes import input_codes

AXES = ["ax", "ay", "az", "wx", "wy", "wz"]
EVERY_STEP = [
    {"step": "flip", "axes": ["ax", "wz"], "where": "left_wrist"},
    {"step": "scale", "by": [9.80665, 9.80665, 9.80665, 0.017453292, 1, 1e-3]},
    {"step": "reorder", "axes": ["wx", "wy", "wz", "ax", "ay", "az"]},
    {"step": "offset", "by": 0.1, "where": "warm"},
    {"step": "standardise", "mean": [0.3, 0.1, -0.7, 3.0, 1.1, 0.01], "std": [1.7, 0.3, 2.9, 11.0, 0.07, 1e-4]},
    {"step": "select", "axes": ["az", "wx", "ax", "wz"]},
    {"step": "min_max", "low": [-3.3, -1.0, -7.0, 0.0], "high": [3.1, 1.7, 8.0, 1e5], "to": [-2, 2.5]},
    {"step": "clip", "low": -1.9, "high": [2.4, 2.3, 2.2, 2.1]},
    {"step": "window", "first": 7, "samples": 40},
    {"step": "layout", "shape": [4, 40, 1], "order": "axes_first"},
]
LIKE_THE_GESTURE_MODEL = [
    {"step": "flip", "axes": ["ax", "wy", "wz"], "where": "left_wrist"},
    {"step": "standardise", "mean": [-0.3, 0.1, -0.2, 0.02, 0.01, -0.01], "std": [0.5, 0.6, 0.4, 1.3, 0.9, 0.7]},
    {"step": "clip", "low": -4, "high": 4},
    {"step": "layout", "shape": [50, 1, 6]},
]
INT8, UINT8, INT16 = (
    InputType("int8", 0.0313725508749485, -1),
    InputType("uint8", 1 / 255, 0),
    InputType("int16", 2**-13, 0),
)
FLOAT = InputType("float32")
SPECIALS = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.1754942e-38, 3.4028235e38, -3.4028235e38, 0.5, 1 + 2**-23],
    "<f4",
)


def plan_with(steps: list[dict[str, Any]], dtype: str = "float32", width: str = "float32") -> Plan:
    raw = {"dtype": dtype, "samples": 50, "axes": AXES, "settings": ["left_wrist", "warm"]}
    return plan_of(read_description({"kind": "steps", "width": width, "raw": raw, "steps": steps}))


def of_any_kind(dtype: str, count: int, seed: int) -> NDArray[Any]:
    """Windows [count, 50, 6]: random bit patterns, usual magnitudes, halves of steps, and every special value."""
    source = np.random.default_rng(seed)
    shape = (count, 50, 6)
    if not dtype.startswith("float"):
        limits = np.iinfo(dtype)
        return source.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    patterns = (
        source.integers(0, 2 ** (8 * RAW_BYTES[dtype]), shape, np.uint64, endpoint=False)
        .astype(f"<u{RAW_BYTES[dtype]}")
        .view(dtype)
    )
    usual = source.normal(0, 3, shape)
    halves = source.integers(-300, 300, shape) * 0.015686275437474251 * 0.5
    kind = source.integers(0, 3, shape)
    values = np.where(kind == 0, patterns, np.where(kind == 1, usual, halves).astype(dtype))
    places = source.random(shape) < 0.05
    values[places] = source.choice(SPECIALS, int(places.sum()))
    return values


def on_the_host(plan: Plan, raw: NDArray[Any], settings: NDArray[np.uint32], target: InputType) -> NDArray[Any]:
    values = prepare(plan, raw, settings).reshape(len(raw), -1)
    return values if target.dtype == "float32" else input_codes(values, target.scale, target.zero_point, target.dtype)


def assert_equal(plan: Plan, target: InputType, count: int, compiled: Compiled, seed: int = 1) -> None:
    raw = of_any_kind(plan.raw.dtype, count, seed)
    settings = np.random.default_rng(seed).integers(0, 4, count).astype(np.uint32)
    found, expected = compiled.run(raw, settings, target.dtype), on_the_host(plan, raw, settings, target)
    if target.dtype == "float32":  # NaN is NaN, whatever its bits
        assert np.array_equal(np.isnan(found), np.isnan(expected))
        found, expected = (
            np.nan_to_num(x, nan=0.0, posinf=np.inf, neginf=-np.inf).view(np.uint32) for x in (found, expected)
        )
    assert np.array_equal(found, expected)


def test_a_million_raw_values_of_every_kind_give_equal_codes() -> None:
    """NaN, infinities, subnormals, extremes, halves between two codes: equal, and nothing for a sanitizer to say."""
    plan = plan_with(LIKE_THE_GESTURE_MODEL)
    assert_equal(plan, INT8, 3400, Compiled(header_for(plan, INT8)))  # 3400 × 300 values


@pytest.mark.parametrize("width", ["float32", "float64"])
@pytest.mark.parametrize("target", [INT8, UINT8, INT16, FLOAT], ids=lambda target: target.dtype)
def test_every_step_gives_equal_inputs_of_every_type(width: str, target: InputType) -> None:
    plan = plan_with(EVERY_STEP, width=width)
    assert_equal(plan, target, 400, Compiled(header_for(plan, target)))


@pytest.mark.parametrize("dtype", [name for name in RAW_BYTES if name != "float32"])
def test_raw_samples_of_every_type_give_equal_codes(dtype: str) -> None:
    plan = plan_with(EVERY_STEP, dtype)
    assert_equal(plan, INT8, 200, Compiled(header_for(plan, INT8)))


def test_no_compiler_fuses_an_operation_with_the_next() -> None:
    plan = plan_with(EVERY_STEP)
    fused = ["-O3", "-march=native", "-ffp-contract=fast"]  # what GCC does by default where a chip can
    assert_equal(plan, FLOAT, 400, Compiled(header_for(plan, FLOAT), fused))


def test_it_is_the_same_in_cxx() -> None:
    plan = plan_with(EVERY_STEP)
    assert_equal(plan, INT8, 200, Compiled(header_for(plan, INT8), SANITIZED, AS_CXX))


def test_fast_math_is_refused() -> None:
    with pytest.raises(Exception, match="non-zero exit status"):
        Compiled(header_for(plan_with([]), FLOAT), ["-ffast-math"], AS_C)


def test_an_input_of_no_real_type_is_refused() -> None:
    with pytest.raises(DataError, match="the input is int32; preprocessing in C gives float32, int8, uint8, int16"):
        header_for(plan_with([]), InputType("int32", 1.0, 0))
