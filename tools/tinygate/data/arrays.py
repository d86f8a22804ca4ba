"""A data set from arrays that the user has already cut, split and preprocessed: the shortest way to bring one's own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data.archive import Arrays, read_arrays
from tinygate.data.dataset import PARTS, Dataset, Split
from tinygate.errors import DataError
from tinygate.preprocessing.kinds import as_given, read_preparation
from tinygate.preprocessing.raw import raw_windows

_RAW = ("raw", "settings")
_COLUMNS = ("labels", "subjects", "recordings", "starts")


def dataset_from_npz(
    path: Path, class_names: Sequence[str] = (), preprocessing: Mapping[str, Any] | None = None
) -> Dataset:
    """Read a data set from one .npz file.

    The file must hold `test_inputs` [N, ...model input shape without batch], as the model takes them (a model of
    several inputs: `test_inputs_<name of the input>` for each), and nothing else. Used where they are there:

    * `test_labels` [N]: class indices from 0; for a regression [N, ...] what it should answer; for anomalies 0 and 1.
      Without labels a model is judged on size, memory, parity, soundness and agreement with its reference.
    * `test_recordings`, `test_subjects`, `test_starts` [N], integers: windows of one recording, or of one subject, are
      resampled together. Without them each window counts as independent.
    * `test_raw` [N, samples, axes], `test_settings` [N]: the windows as the sensor gave them, for boards to preprocess;
      with `preprocessing`, the description of how (docs/preprocessing.md), inputs that are absent are made of them.
    * the same with `train_` and `validation_`: calibration sets are held against training windows. A number means the
      same recording in all parts, unless they were evidently given anew in each: every part counts from 0 without
      a gap, or the parts have no subject in common.

    Raises:
        DataError: the file is missing, no .npz, or an array is missing or of the wrong length or kind.
    """
    arrays, content = read_arrays(path, "test_inputs")
    source = str(path)
    described = dict(preprocessing or {})
    splits = _renumbered({part: _split(_prepared(arrays, part, described, source), part, source) for part in PARTS})
    if splits["test"] is not None:
        _check_all_read(arrays, source)
    else:
        raise DataError(f"{source}: no array test_inputs; found: {', '.join(arrays) or 'nothing'}.")
    return Dataset(
        **splits,
        class_names=class_names,
        sha256=hashlib.sha256(content).hexdigest(),
        preprocessing=described,
        source=source,
    )


def _check_all_read(arrays: Arrays, source: str) -> None:
    """Raise DataError for an array that is named nearly like one which is read, and would not be missed."""
    for name in arrays:
        part, _, rest = name.partition("_")
        known = rest in (*_COLUMNS, *_RAW) or rest.split("_")[0] == "inputs"
        if (part in PARTS and not known) or (name in _COLUMNS and f"test_{name}" not in arrays):
            read = ", ".join(f"test_{column}" for column in ("inputs", *_COLUMNS))
            raise DataError(
                f"{source}: nothing reads an array {name}; read are {read}, likewise of train and validation."
            )


def _prepared(arrays: Arrays, part: str, described: dict[str, Any], source: str) -> Arrays:
    """Return arrays with the inputs of a part, made of its raw windows where only these are there."""
    samples, settings = (arrays.get(f"{part}_{name}") for name in _RAW)
    if samples is None or not described or any(name.startswith(f"{part}_inputs") for name in arrays):
        return arrays
    preparation = read_preparation(described, source)
    raw = raw_windows(samples, settings, len(samples), f"{source}: {part}_raw")
    made = preparation.inputs(as_given(preparation.raw, raw.samples), raw.settings)
    return {**arrays, f"{part}_inputs": made}


def _split(arrays: Arrays, part: str, source: str) -> Split | None:
    stem = f"{part}_inputs"
    inputs: NDArray[Any] | dict[str, NDArray[Any]] | None = arrays.get(stem)
    if inputs is None:
        inputs = {name.removeprefix(f"{stem}_"): a for name, a in arrays.items() if name.startswith(f"{stem}_")} or None
    columns = {name: arrays.get(f"{part}_{name}") for name in _COLUMNS}
    if inputs is None:
        orphan = next((f"{part}_{name}" for name, array in columns.items() if array is not None), None)
        if orphan:
            raise DataError(f"{source}: {orphan} without {stem}; found: {', '.join(arrays)}.")
        return None
    raw = {name: arrays.get(f"{part}_{name}") for name in _RAW}
    return Split(inputs, **columns, **raw, raw_sha256=None, part=part, source=source)


def _renumbered(splits: dict[str, Split | None]) -> dict[str, Split | None]:
    """Return parts whose recordings have numbers of their own, where each part evidently numbered its own."""
    numbered = {name: split for name, split in splits.items() if split is not None and split.has("recordings")}
    if len(numbered) < 2 or not (_count_from_zero(numbered.values()) or _share_no_subject(numbered.values())):
        return splits
    found, offset = dict(splits), 0
    for name, split in numbered.items():
        recordings = split.recordings - split.recordings.min() + offset
        found[name] = split.replace(recordings=recordings)
        offset = int(recordings.max()) + 1
    return found


def _count_from_zero(splits: Collection[Split]) -> bool:
    present = (np.unique(split.recordings) for split in splits)
    return all(np.array_equal(numbers, np.arange(len(numbers))) for numbers in present)


def _share_no_subject(splits: Collection[Split]) -> bool:
    if not all(split.has("subjects") for split in splits):
        return False
    subjects = [subject for split in splits for subject in set(split.subjects.tolist())]
    return len(subjects) == len(set(subjects))
