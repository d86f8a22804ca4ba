"""Splits are consistent, and hashes mean content."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygate.data import Dataset, Split
from tinygate.data.hashing import json_sha256, window_sha256
from tinygate.errors import DataError

NUMBERS = np.arange(3, dtype=np.int64)
INPUTS = np.zeros((3, 4), np.float32)


def test_arrays_of_unequal_length_are_refused() -> None:
    with pytest.raises(DataError, match="entries"):
        Split(INPUTS, NUMBERS[:2], NUMBERS, NUMBERS, NUMBERS)
    with pytest.raises(DataError, match="entries"):
        Split(INPUTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, raw_sha256=("a",))


def test_preprocessing_hash_follows_the_constants() -> None:
    split = Split(INPUTS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
    sets = [Dataset(split, split, split, ("a", "b", "c"), "0" * 64, {"std": [1.0], "clip": c}) for c in (4.0, 4.0, 3.0)]
    assert sets[0].preprocessing_sha256 == sets[1].preprocessing_sha256 != sets[2].preprocessing_sha256


def test_the_order_of_constants_does_not_count() -> None:
    assert json_sha256({"a": 1, "b": [2.5]}) == json_sha256({"b": [2.5], "a": 1})


def test_a_window_hash_is_over_values_not_memory_layout() -> None:
    window = np.arange(12, dtype=np.float64).reshape(6, 2)
    assert window_sha256(window) == window_sha256(np.asfortranarray(window)) == window_sha256(window.astype(">f8"))


def test_one_changed_bit_changes_a_window_hash() -> None:
    window = np.ones((6, 2))
    changed = window.copy()
    changed[3, 1] = np.nextafter(1.0, 2.0)
    assert window_sha256(window) != window_sha256(changed)


DESCRIBED = {
    "kind": "steps",
    "width": "float32",
    "raw": {"dtype": "int8", "samples": 2, "axes": ["x", "y"]},
    "steps": [{"step": "scale", "by": 0.5}],
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "step"}, "kind is 'step'; expected one of steps, micro_features."),
        ({"kind": None}, "kind is None"),
        ({"steps": [{"step": "scaled", "by": 1}]}, "'scaled' is no step"),
        ({"steps": [{"step": "scale", "by": [1, 2, 3]}]}, "by has 3 numbers for 2 axes"),
        ({"steps": [{"step": "layout", "shape": [5]}]}, r"shape \[5\] for 2 samples of 2 axes"),
        ({"steps": [{"step": "scale", "by": float("nan")}]}, "cannot be kept as JSON"),
        ({"note": np.zeros(2)}, "cannot be kept as JSON"),
        ({"raw": {"dtype": "int24", "samples": 2, "axes": ["x", "y"]}}, "raw.dtype is 'int24'"),
        ({"raw": {"dtype": "int8", "samples": 3, "axes": ["x", "y"]}}, r"raw windows of shape \(2, 2\)"),
        ({"raw": {"dtype": "uint8", "samples": 2, "axes": ["x", "y"]}}, "raw windows hold values that uint8"),
    ],
)
def test_preprocessing_that_cannot_be_carried_out_is_told_with_its_source(change: dict[str, Any], told: str) -> None:
    raw = -np.ones((3, 2, 2))
    with pytest.raises(DataError, match=rf"^here.npz: .*{told}"):
        Dataset(test=Split(raw / 2, raw=raw), preprocessing=DESCRIBED | change, source="here.npz")
    assert Dataset(test=Split(raw / 2, raw=raw), preprocessing=DESCRIBED).preprocessing == DESCRIBED
