"""Windows are cut where they say, and no person and no sample stands on both sides of a split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tinygate.data.windows import Recording, cut, make_split, overlapping, split_by_subject
from tinygate.errors import DataError


def recording(index: int, subject: int, samples: int = 10) -> Recording:
    raw = np.arange(2 * samples, dtype=np.float64).reshape(samples, 2) + 1000 * index
    return Recording(index, subject, label=index % 3, raw=raw)


def plain(_: Recording, windows: NDArray[np.float64]) -> NDArray[np.float32]:
    return windows.astype(np.float32)


@given(st.integers(0, 60), st.integers(1, 20), st.integers(1, 20))
def test_windows_are_the_samples_at_their_starts(samples: int, length: int, stride: int) -> None:
    signal = np.arange(samples)[:, None]
    windows, starts = cut(signal, length, stride)
    assert windows.shape == (len(starts), length, 1)
    assert all((window == signal[start : start + length]).all() for window, start in zip(windows, starts, strict=True))
    assert len(starts) == max(0, (samples - length) // stride + 1)


@pytest.mark.parametrize(("length", "stride"), [(0, 1), (5, 0), (-1, 5)])
def test_impossible_windows_are_refused(length: int, stride: int) -> None:
    with pytest.raises(DataError, match="at least 1"):
        cut(np.zeros((10, 2)), length, stride)


def test_a_split_knows_where_each_window_came_from() -> None:
    split = make_split([recording(4, subject=7), recording(2, subject=9)], plain, length=4, stride=3)
    assert split.recordings.tolist() == [4, 4, 4, 2, 2, 2]
    assert split.subjects.tolist() == [7, 7, 7, 9, 9, 9]
    assert split.starts.tolist() == [0, 3, 6] * 2
    assert split.labels.tolist() == [1, 1, 1, 2, 2, 2]
    assert split.inputs[4, 0].tolist() == [2006.0, 2007.0]


def test_recordings_shorter_than_a_window_are_left_out() -> None:
    split = make_split([recording(0, 1, samples=3), recording(1, 1)], plain, length=4, stride=4)
    assert set(split.recordings.tolist()) == {1}


def test_no_window_at_all_is_an_error() -> None:
    with pytest.raises(DataError, match="no window of 50 samples"):
        make_split([recording(0, 1)], plain, length=50, stride=50)


def test_parts_hold_the_recordings_of_their_subjects() -> None:
    parts = split_by_subject([recording(i, subject=i % 3) for i in range(9)], {"train": [0, 2], "test": [1]})
    assert [r.index for r in parts["test"]] == [1, 4, 7]
    assert {r.subject for r in parts["train"]} == {0, 2}


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({"train": [0, 1], "test": [1, 2]}, "more than one part"),
        ({"train": [0], "test": [1]}, "the data holds"),
        ({"train": [0, 1], "test": [2, 3]}, "names subjects"),
    ],
)
def test_a_split_that_is_none_is_refused(parts: dict[str, list[int]], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        split_by_subject([recording(i, subject=i) for i in range(3)], parts)


def test_overlap_is_counted_within_a_recording_only() -> None:
    first = make_split([recording(0, 1)], plain, length=4, stride=4)
    shifted = make_split([recording(0, 1)], plain, length=4, stride=5)
    other = make_split([recording(1, 1)], plain, length=4, stride=4)
    assert overlapping(first, shifted, length=4) == 2
    assert overlapping(first, other, length=4) == 0
