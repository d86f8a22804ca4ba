"""The calibration set is spread over the training data; conversion from pinned weights repeats every byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygate.data import Split
from tinygate.errors import DataError
from tinygate.recipes.convert import choose_calibration

ROOT = Path(__file__).parents[3]


def split(labels: list[int]) -> Split:
    count = np.arange(len(labels), dtype=np.int64)
    return Split(np.zeros((len(labels), 2), np.float32), np.array(labels, np.int64), count, count // 5, count)


@given(st.integers(0, 2**31), st.integers(7, 60))
def test_every_class_gets_its_share(seed: int, count: int) -> None:
    data = split([0] * 30 + [1] * 20 + [2] * 10)
    chosen = choose_calibration(data, count, seed)
    assert len(np.unique(chosen)) == count
    shares = np.bincount(data.labels[chosen], minlength=3)
    assert np.abs(shares - count * np.array([30, 20, 10]) / 60).max() <= 1


def test_the_seed_alone_decides_the_choice() -> None:
    data = split([0, 1] * 50)
    assert (choose_calibration(data, 20, 7) == choose_calibration(data, 20, 7)).all()
    assert len({tuple(choose_calibration(data, 20, seed)) for seed in range(10)}) > 1


def test_more_samples_than_windows_are_refused() -> None:
    with pytest.raises(DataError, match="10 training windows"):
        choose_calibration(split([0, 1] * 5), 11, 0)


def test_a_class_left_out_is_refused() -> None:
    with pytest.raises(DataError, match="ask for more"):
        choose_calibration(split([0] * 999 + [1]), 5, 0)


@pytest.mark.train
def test_conversion_from_the_pinned_weights_repeats_every_byte() -> None:
    command = [sys.executable, "-m", "tinygate.recipes", "models/gesture", "--check"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "as pinned" in result.stdout
