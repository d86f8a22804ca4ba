"""Cuts recordings into windows and splits them by subject, so that no person and no sample is on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tinygate.data.dataset import Split
from tinygate.data.hashing import window_sha256
from tinygate.errors import DataError


@dataclass(frozen=True)
class Recording:
    """One uninterrupted recording of one person doing one thing.

    Attributes:
        index: its number in the source file.
        subject: who.
        label: class index.
        raw: float64 [samples, axes] as recorded.
    """

    index: int
    subject: int
    label: int
    raw: NDArray[np.float64]


R = TypeVar("R", bound=Recording)
Prepare = Callable[[R, NDArray[np.float64]], NDArray[np.float32]]


def cut(signal: NDArray[Any], length: int, stride: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return windows [n, length, axes] and their first samples [n]; a remainder shorter than `length` is dropped.

    Raises:
        DataError: length or stride below 1.
    """
    if length < 1 or stride < 1:
        raise DataError(f"windows of {length} samples every {stride} cannot be cut; both must be at least 1")
    starts = np.arange(0, len(signal) - length + 1, stride, dtype=np.int64)
    return signal[starts[:, None] + np.arange(length)], starts


def make_split(
    recordings: Sequence[R], prepare: Prepare[R], length: int, stride: int, settings: Callable[[R], int] = lambda _: 0
) -> Split:
    """Return all windows of `recordings` in order, raw and prepared.

    Args:
        recordings: what to cut.
        prepare: turns a recording's raw windows [n, length, axes] into model inputs.
        length, stride: of the windows, in samples.
        settings: the word of what the device knew of a recording besides its samples.

    Raises:
        DataError: not a single window.
    """
    pieces = [(recording, *cut(recording.raw, length, stride)) for recording in recordings]
    pieces = [piece for piece in pieces if len(piece[2])]
    if not pieces:
        raise DataError(
            f"{len(recordings)} recordings hold no window of {length} samples; mend the split or the length"
        )

    def repeat(name: str) -> NDArray[np.int64]:
        return np.concatenate([np.full(len(starts), getattr(r, name), np.int64) for r, _, starts in pieces])

    return Split(
        inputs=np.concatenate([prepare(recording, windows) for recording, windows, _ in pieces]),
        raw=np.concatenate([windows for _, windows, _ in pieces]),
        settings=np.concatenate([np.full(len(starts), settings(r), np.uint32) for r, _, starts in pieces]),
        labels=repeat("label"),
        subjects=repeat("subject"),
        recordings=repeat("index"),
        starts=np.concatenate([starts for _, _, starts in pieces]),
        raw_sha256=tuple(window_sha256(window) for _, windows, _ in pieces for window in windows),
    )


def split_by_subject(recordings: Sequence[R], parts: Mapping[str, Sequence[int]]) -> dict[str, tuple[R, ...]]:
    """Return the recordings of each part; `parts` maps a part's name to its subjects.

    Raises:
        DataError: a subject in two parts, in none, or without a recording.
    """
    wanted = [subject for subjects in parts.values() for subject in subjects]
    twice = sorted({subject for subject in wanted if wanted.count(subject) > 1})
    if twice:
        raise DataError(f"subjects {twice} are in more than one part of the split; each may be in one only")
    present = {recording.subject for recording in recordings}
    if present != set(wanted):
        raise DataError(
            f"the split names subjects {sorted(wanted)}, the data holds {sorted(present)}; mend the recipe's split"
        )
    return {name: tuple(r for r in recordings if r.subject in subjects) for name, subjects in parts.items()}


def overlapping(split: Split, other: Split, length: int) -> int:
    """Return how many windows of `split` share at least one recorded sample with a window of `other`."""
    count = 0
    for recording in np.intersect1d(split.recordings, other.recordings):
        ours = split.starts[split.recordings == recording]
        theirs = other.starts[other.recordings == recording]
        count += int((np.abs(ours[:, None] - theirs[None, :]) < length).any(axis=1).sum())
    return count
