"""Splits are consistent, and hashes mean content."""

from __future__ import annotations

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
