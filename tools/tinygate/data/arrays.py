"""A data set from arrays that the user has already cut, split and preprocessed: the shortest way to bring one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinygate.data.dataset import Dataset, Split
from tinygate.data.hashing import window_sha256
from tinygate.errors import DataError

PARTS = ("train", "validation", "test")


def dataset_from_npz(path: Path, class_names: Sequence[str]) -> Dataset:
    """Read a data set from one .npz file.

    The file holds, for each of the parts train, validation and test, `<part>_inputs` [N, ...model input shape without
    batch], as the model takes them, and `<part>_labels` [N], integers. It may hold `<part>_subjects` and
    `<part>_recordings` [N], integers: without recordings every window counts as independent in the statistics, and
    without subjects nobody can tell whether the test set knows people from training: each part counts as one subject.

    Raises:
        DataError: the file is missing, no .npz, or an array is missing or of the wrong length or kind.
    """
    try:
        content = path.read_bytes()
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"{path}: not a readable .npz without pickled objects ({error}); write it with np.savez"
        ) from error
    splits = {part: _split(path, arrays, position) for position, part in enumerate(PARTS)}
    highest = max(int(split.labels.max(initial=0)) for split in splits.values())
    if highest >= len(class_names):
        raise DataError(f"{path}: label {highest}, but {len(class_names)} class names; labels count from 0")
    return Dataset(
        **splits, class_names=tuple(class_names), sha256=hashlib.sha256(content).hexdigest(), preprocessing={}
    )


def _split(path: Path, arrays: dict[str, NDArray[np.generic]], position: int) -> Split:
    part = PARTS[position]
    for name in (f"{part}_inputs", f"{part}_labels"):
        if name not in arrays:
            raise DataError(f"{path}: no array {name}; found: {', '.join(arrays) or 'nothing'}")
    inputs, labels = arrays[f"{part}_inputs"].astype(np.float32), arrays[f"{part}_labels"]
    if not np.issubdtype(labels.dtype, np.integer) or len(labels) == 0:
        raise DataError(f"{path}: {part}_labels must be integers, at least one; got {labels.dtype}, {len(labels)}")
    count = len(labels)
    return Split(
        inputs=inputs,
        labels=labels.astype(np.int64),
        subjects=arrays.get(f"{part}_subjects", np.full(count, position)).astype(np.int64),
        recordings=arrays.get(f"{part}_recordings", np.arange(count)).astype(np.int64),
        starts=np.zeros(count, np.int64),
        raw_sha256=tuple(window_sha256(window) for window in inputs),
    )
