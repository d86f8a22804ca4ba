"""Each step does what docs/preprocessing.md says, computed by hand; what cannot be carried out is one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygate.errors import DataError
from tinygate.preprocessing.description import STEPS, is_described, read_description
from tinygate.preprocessing.kinds import as_given
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import Plan, plan_of
from tinygate.quant.codes import input_codes

RAW = {"dtype": "float32", "samples": 3, "axes": ["x", "y"], "settings": ["left"]}
WINDOW = np.array([[[1.0, -2.0], [3.0, 4.0], [-5.0, 6.0]]])


def plan_with(*steps: dict[str, Any], **changes: Any) -> Plan:
    return plan_of(read_description({"kind": "steps", "width": "float32", "raw": RAW, "steps": list(steps)} | changes))


def result(*steps: dict[str, Any], setting: int = 0) -> list[Any]:
    return prepare(plan_with(*steps), WINDOW, np.array([setting]))[0].tolist()


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ({"step": "select", "axes": ["y"]}, [[-2.0], [4.0], [6.0]]),
        ({"step": "reorder", "axes": ["y", "x"]}, [[-2.0, 1.0], [4.0, 3.0], [6.0, -5.0]]),
        ({"step": "flip", "axes": ["y"]}, [[1.0, 2.0], [3.0, -4.0], [-5.0, -6.0]]),
        ({"step": "scale", "by": 2}, [[2.0, -4.0], [6.0, 8.0], [-10.0, 12.0]]),
        ({"step": "offset", "by": [1, 10]}, [[2.0, 8.0], [4.0, 14.0], [-4.0, 16.0]]),
        ({"step": "min_max", "low": [-5, -2], "high": [3, 6]}, [[0.75, 0.0], [1.0, 0.75], [0.0, 1.0]]),
        ({"step": "min_max", "low": [-5, -2], "high": [3, 6], "to": [-1, 1]}, [[0.5, -1.0], [1.0, 0.5], [-1.0, 1.0]]),
        ({"step": "standardise", "mean": [1, 2], "std": [2, 4]}, [[0.0, -1.0], [1.0, 0.5], [-3.0, 1.0]]),
        ({"step": "clip", "low": -2, "high": [2, 5]}, [[1.0, -2.0], [2.0, 4.0], [-2.0, 5.0]]),
        ({"step": "window", "first": 1, "samples": 2}, [[3.0, 4.0], [-5.0, 6.0]]),
        ({"step": "layout", "shape": [1, 6]}, [[1.0, -2.0, 3.0, 4.0, -5.0, 6.0]]),
        ({"step": "layout", "shape": [2, 3], "order": "axes_first"}, [[1.0, 3.0, -5.0], [-2.0, 4.0, 6.0]]),
    ],
    ids=lambda value: value.get("step") if isinstance(value, dict) else "",
)
def test_a_step(step: dict[str, Any], expected: list[Any]) -> None:
    assert result(step) == expected


def test_steps_are_carried_out_in_their_order() -> None:
    add, double = {"step": "offset", "by": 1}, {"step": "scale", "by": 2}
    assert result(add, double)[0] == [4.0, -2.0]
    assert result(double, add)[0] == [3.0, -3.0]


def test_constants_follow_their_axes() -> None:
    """Three before the axes change places, and one after."""
    assert result({"step": "offset", "by": [10, 20]}, {"step": "reorder", "axes": ["y", "x"]})[0] == [18.0, 11.0]
    assert result({"step": "reorder", "axes": ["y", "x"]}, {"step": "offset", "by": [10, 20]})[0] == [8.0, 21.0]
    assert result({"step": "offset", "by": [10, 20]}, {"step": "select", "axes": ["y"]})[0] == [18.0]


def test_a_step_may_depend_on_a_setting() -> None:
    flip = {"step": "flip", "axes": ["x"], "where": "left"}
    assert [result(flip, setting=word)[0] for word in (0, 1, 2)] == [[1.0, -2.0], [-1.0, -2.0], [1.0, -2.0]]


def test_every_operation_is_rounded_to_the_width() -> None:
    """1e8 + 1 is 1e8 in float32; in float64 it is not."""
    steps = ({"step": "offset", "by": 1e8}, {"step": "offset", "by": -1e8})
    assert result(*steps)[0] == [0.0, 0.0]
    assert prepare(plan_with(*steps, width="float64"), WINDOW)[0, 0].tolist() == [1.0, -2.0]


def test_codes_of_what_is_no_number() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 3e38, 0.25, -0.25, 0.75, 0.24999999], np.float32)
    assert input_codes(values, 0.5, 3, "int8").tolist() == [3, 127, -128, 127, 4, 2, 5, 3]


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ({"step": "blur"}, r"steps\[0\]: 'blur' is no step; expected one of select, reorder"),
        ({"step": "clip", "low": 0}, r"steps\[0\] \(clip\): high is missing; expected low, high"),
        ({"step": "clip", "low": 0, "high": 1, "std": 1}, r"unknown key std; expected low, high, where"),
        ({"step": "clip", "low": 2, "high": 1}, "expected low below high"),
        ({"step": "offset", "by": [1, 2, 3]}, "by has 3 numbers for 2 axes; expected one each, or one"),
        ({"step": "offset", "by": float("nan")}, "expected finite numbers"),
        ({"step": "scale", "by": 1e39}, "a constant beyond what float32 holds"),
        ({"step": "standardise", "mean": 0, "std": [1, 1e-60]}, "a division by 0 in float32"),
        ({"step": "flip", "axes": ["z"]}, r"axes \['z'\]; expected some of x, y, each once"),
        ({"step": "flip", "axes": ["x"], "where": "wet"}, "where is 'wet'; the settings are left"),
        ({"step": "reorder", "axes": ["x"]}, "1 of 2 axes; name all, or use select"),
        ({"step": "window", "first": 2, "samples": 2}, "2 samples from 2 on, of 3; expected a part of them"),
        ({"step": "layout", "shape": [5]}, r"shape \[5\] for 3 samples of 2 axes"),
        ({"step": "min_max", "low": 0, "high": 1, "to": [1, 0]}, "expected the smaller one first"),
    ],
)
def test_what_cannot_be_carried_out_is_one_sentence(step: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        plan_with(step)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width": "float16"}, "width is 'float16'; expected one of float32, float64"),
        ({"steps": "clip"}, "expected a list"),
        ({"more": 1}, "expected kind = 'steps', width, raw and steps"),
        ({"raw": None}, "expected dtype, samples and axes"),
        ({"raw": RAW | {"dtype": "int24"}}, "raw.dtype is 'int24'; expected one of int8"),
        ({"raw": RAW | {"axes": ["x", "x"]}}, "expected a list of names, each once"),
        ({"raw": RAW | {"samples": 0}}, "0 samples of 2 axes; expected 1 to 16777216 of 1 to 65535"),
        ({"raw": RAW | {"hertz": 5}}, "unknown key hertz"),
    ],
)
def test_a_description_that_is_none_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        plan_with(**changes)


def test_nothing_comes_after_the_layout() -> None:
    with pytest.raises(DataError, match="comes after layout, which must be the last step"):
        plan_with({"step": "layout", "shape": [6]}, {"step": "scale", "by": 2})


def test_raw_windows_must_be_what_the_sensor_gives() -> None:
    counts = plan_with(raw=RAW | {"dtype": "int8"})
    assert as_given(counts.raw, WINDOW).dtype == np.int8
    with pytest.raises(DataError, match="values that int8, in which the sensor gives them, has not"):
        as_given(counts.raw, WINDOW + 0.5)
    with pytest.raises(DataError, match=r"shape \(3, 1\); the preprocessing takes \(3, 2\)"):
        as_given(counts.raw, WINDOW[:, :, :1])


def test_other_constants_are_no_description() -> None:
    assert not is_described({"mean": [1.0]})
    assert set(STEPS) == {"select", "reorder", "flip", "scale", "offset", "min_max", "standardise", "clip", "window", "layout"}  # fmt: skip
