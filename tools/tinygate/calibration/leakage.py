"""Rules on what the set shares with the test set, by hash, by content, by overlap and by origin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tinygate.calibration.composition import SET
from tinygate.calibration.finding import LintFinding, graded
from tinygate.calibration.realness import signals
from tinygate.calibration.representative_set import RepresentativeSet, content_keys
from tinygate.data.dataset import UNKNOWN, Dataset, Split

LOOK_ALIKE = 0.999
RUN = 8
"""So many consecutive equal samples of all channels are a copy and no coincidence."""
_CHUNK_BYTES = 64 << 20


def check_shared_windows(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D006: no window of the test set, by raw hash or by value. TG-D007: none that looks like one."""
    hashes, contents = set(dataset.test.raw_sha256), set(content_keys(dataset.test.inputs))
    pairs = zip(given.raw_sha256, content_keys(given.inputs), strict=True)
    shared = np.array([sha in hashes or key in contents for sha, key in pairs])
    values = f"{int(shared.sum())} of {len(given)} samples are windows of the test set"
    yield graded("TG-D006", SET, values, warning=False, error=bool(shared.any()))
    likeness, _ = most_alike(given.inputs, dataset.test.inputs)
    alike = int((likeness >= LOOK_ALIKE).sum())
    values = (
        f"{alike} samples correlate with a test window by {LOOK_ALIKE} or more; the closest by {likeness.max():.4f}"
    )
    yield graded("TG-D007", SET, values, warning=False, error=alike > 0)


def check_overlap(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D008: no recorded values in common with the test set, by content or by position."""
    length = signals(dataset.train.inputs).shape[1]
    by_position = _overlapping_positions(given, dataset.test, length)
    overlaps = np.logical_or(by_position, _shared_runs(given.inputs, dataset.test.inputs))
    values = f"{int(overlaps.sum())} of {len(given)} samples overlap windows of the test set"
    yield graded("TG-D008", SET, values, warning=False, error=bool(overlaps.any()))


def check_origin(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D009: no recording, TG-D010: no subject of the test set."""
    for code, column in (("TG-D009", "recordings"), ("TG-D010", "subjects")):
        ours, theirs = getattr(given, column), dataset.test.column(column)
        shared = np.isin(ours, theirs) & (ours != UNKNOWN)
        unknown = int((ours == UNKNOWN).sum())
        note = f"; of {unknown} samples it is not known" if unknown else ""
        some = ", ".join(map(str, np.unique(ours[shared])[:5]))
        what = f"{column} of the test set{f' ({some})' if some else ''}"
        values = f"{int(shared.sum())} of {len(given)} samples come from {what}{note}"
        yield graded(code, SET, values, warning=False, error=bool(shared.any()))


def most_alike(
    inputs: NDArray[np.float32], others: NDArray[np.float32], *, signed: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return each sample's highest correlation with any of `others`, the mean over channels, and which that is.

    Channels are centred and scaled one by one, so that gain and offset of a channel do not matter; nor its sign,
    unless `signed`. Both are [N, ...] of the same sample shape; the results are [N].
    """
    ours = _standardised(inputs)
    best, where = np.full(len(ours), -1.0), np.zeros(len(ours), np.int64)
    size = max(1, _CHUNK_BYTES // max(1, others[0].nbytes))
    for start in range(0, len(others), size):
        likeness = _likeness(ours, _standardised(others[start : start + size]), signed)
        highest = likeness.max(axis=1)
        better = highest > best
        best[better], where[better] = highest[better], start + likeness.argmax(axis=1)[better]
    return best, where


def _likeness(ours: NDArray[np.float32], theirs: NDArray[np.float32], signed: bool) -> NDArray[np.float32]:
    """Return the mean correlation over channels of all pairs of windows [n, time, channels]."""
    if signed:
        return np.asarray(ours.reshape(len(ours), -1) @ theirs.reshape(len(theirs), -1).T / ours.shape[2], np.float32)
    channels = range(ours.shape[2])
    return np.asarray(sum(np.abs(ours[..., c] @ theirs[..., c].T) for c in channels) / ours.shape[2], np.float32)


def _standardised(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return windows [n, time, channels] whose every channel has mean 0 and norm 1, or is 0 if it was constant."""
    values = np.nan_to_num(signals(inputs))
    values = values - values.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(values, axis=1, keepdims=True)
    return np.where(norms > 1e-6, values / np.maximum(norms, 1e-6), 0.0).astype(np.float32)


def _overlapping_positions(given: RepresentativeSet, test: Split, length: int) -> NDArray[np.bool_]:
    known = (given.recordings != UNKNOWN) & (given.starts != UNKNOWN)
    overlaps = np.zeros(len(given), np.bool_)
    recordings, places = test.column("recordings"), test.column("starts")
    if (places == UNKNOWN).any():
        return overlaps
    for row in np.flatnonzero(known & np.isin(given.recordings, recordings)):
        starts = places[recordings == given.recordings[row]]
        overlaps[row] = bool((np.abs(starts - given.starts[row]) < length).any())
    return overlaps


def _shared_runs(inputs: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which samples share RUN consecutive time steps with any of `others`; none for images."""
    if sum(size != 1 for size in inputs.shape[1:]) != 2 or signals(inputs).shape[1] < RUN:
        return np.zeros(len(inputs), np.bool_)
    ours, ours_vary = _runs(inputs)
    theirs, theirs_vary = _runs(others)
    copied = np.isin(ours, theirs[theirs_vary]) & ours_vary
    return np.asarray(copied.any(axis=1), np.bool_)


def _runs(inputs: NDArray[np.float32]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Return a hash of each run of RUN time steps [n, runs], and whether its values vary: padding is no evidence."""
    bits = np.ascontiguousarray(signals(inputs) + np.float32(0)).view(np.uint32).astype(np.uint64)  # -0 becomes 0
    generator = np.random.default_rng(0)
    rows = (bits * generator.integers(1, 2**63, bits.shape[2], np.uint64)).sum(axis=2)
    steps = rows.shape[1] - RUN + 1
    weights = generator.integers(1, 2**63, RUN, np.uint64)
    hashes = sum(rows[:, k : k + steps] * weights[k] for k in range(RUN))
    varies = sum((rows[:, k : k + steps] != rows[:, :steps]).astype(np.int64) for k in range(1, RUN))
    return np.asarray(hashes, np.uint64), np.asarray(varies) >= RUN // 2
