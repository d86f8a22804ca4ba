"""A calibration set as arrays, and as much as is known of where its samples come from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tinygate.data.archive import read_archive
from tinygate.data.dataset import UNKNOWN, Dataset, Split
from tinygate.errors import DataError

_COLUMNS = ("labels", "subjects", "recordings", "starts")


class Sample(Protocol):
    """A calibration sample as the manifest records it."""

    @property
    def sha256(self) -> str:
        """Hash of the window as recorded."""

    @property
    def label(self) -> int | None:
        """Class index; None where there are no classes. The others are None where they are not known."""

    @property
    def subject(self) -> int | None:
        """Who was recorded."""

    @property
    def recording(self) -> int | None:
        """Index of the recording."""

    @property
    def start(self) -> int | None:
        """First sample of the window in its recording."""


@dataclass(frozen=True)
class RepresentativeSet:
    """Calibration samples, arrays aligned along their first axis.

    Attributes:
        inputs: float32 [N, ...] as the float model takes them.
        labels, subjects, recordings, starts: int64 [N] as in `Split`; -1 where it is not known.
        raw_sha256: one hash per window as recorded, "" where it is not known.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]
    recordings: NDArray[np.int64]
    starts: NDArray[np.int64]
    raw_sha256: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.inputs)


def as_set(given: RepresentativeSet | Split | NDArray[Any], dataset: Dataset) -> RepresentativeSet:
    """Return a set from arrays alone or from a split, with what content tells of samples nothing else is known of.

    A sample whose values are those of a window of the data set gets that window's class, subject and recording.

    Raises:
        DataError: no samples, or of another shape than the data set's.
    """
    if isinstance(given, RepresentativeSet):
        known = given
    elif isinstance(given, Split):
        hashes = given.raw_sha256 or ("",) * len(given)
        columns = {name: given.column(name) for name in _COLUMNS}
        known = RepresentativeSet(given.inputs, **columns, raw_sha256=tuple(hashes))
    else:
        known = of_arrays(given)
    _check_shape(known.inputs, dataset)
    return _identified(known, dataset)


def of_arrays(inputs: NDArray[Any], **columns: NDArray[Any]) -> RepresentativeSet:
    """Return a set of `inputs` [N, ...]; labels, subjects, recordings and starts [N] as far as known."""
    values = np.ascontiguousarray(inputs, np.float32)
    unknown = np.full(len(values), UNKNOWN, np.int64)
    found = {name: np.asarray(columns[name], np.int64) if name in columns else unknown for name in _COLUMNS}
    wrong = [name for name, column in found.items() if column.shape != (len(values),)]
    if wrong:
        raise DataError(f"{wrong[0]} of shape {found[wrong[0]].shape} for {len(values)} samples; expected one each.")
    return RepresentativeSet(values, **found, raw_sha256=("",) * len(values))


def from_archive(path: Path) -> RepresentativeSet:
    """Return the set in an .npz file: inputs, and labels, subjects, recordings and starts if they are there.

    Raises:
        DataError: not a readable .npz, or inputs missing.
    """
    arrays = read_archive(path, ("inputs",), _COLUMNS)
    return of_arrays(arrays.pop("inputs"), **arrays)


def from_samples(samples: Sequence[Sample], dataset: Dataset) -> RepresentativeSet:
    """Return the set that a manifest lists; values are taken from the data set, by recording and start or by hash.

    Samples that the data set does not have get NaN for values: nobody can say what they were.
    """
    splits = tuple(dataset.parts.values())
    by_place = {
        (int(recording), int(start)): (split, row)
        for split in splits
        for row, (recording, start) in enumerate(zip(split.column("recordings"), split.column("starts"), strict=True))
        if UNKNOWN not in (recording, start)
    }
    by_hash = {sha: (split, row) for split in splits for row, sha in enumerate(split.raw_sha256)}
    inputs = np.full((len(samples), *dataset.train.inputs.shape[1:]), np.nan, np.float32)
    for number, sample in enumerate(samples):
        place = by_hash.get(sample.sha256) or by_place.get((_known(sample.recording), _known(sample.start)))
        if place is not None:
            inputs[number] = place[0].inputs[place[1]]
    columns = {f"{name}s": np.array([_known(getattr(s, name)) for s in samples], np.int64) for name in
               ("label", "subject", "recording", "start")}  # fmt: skip
    return RepresentativeSet(inputs, **columns, raw_sha256=tuple(sample.sha256 for sample in samples))


def _known(value: int | None) -> int:
    return UNKNOWN if value is None else value


def _check_shape(inputs: NDArray[np.float32], dataset: Dataset) -> None:
    def squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(size for size in shape if size != 1)

    wanted = dataset.train.inputs.shape[1:]
    if not len(inputs) or squeezed(inputs.shape[1:]) != squeezed(wanted):
        raise DataError(f"calibration samples of shape {inputs.shape}; expected at least one of shape {wanted}.")


def content_keys(inputs: NDArray[np.float32]) -> list[bytes]:
    """Return a hash of the values of each sample of `inputs` [N, ...], equal for equal samples."""
    rows = np.ascontiguousarray(inputs, np.float32).reshape(len(inputs), -1)
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]


def _identified(known: RepresentativeSet, dataset: Dataset) -> RepresentativeSet:
    columns = {name: getattr(known, name).copy() for name in _COLUMNS}
    hashes = list(known.raw_sha256)
    found = {
        key: (split, row)
        for split in reversed(tuple(dataset.parts.values()))
        for row, key in enumerate(content_keys(split.inputs))
    }
    for number, key in enumerate(content_keys(known.inputs)):
        split, row = found.get(key, (None, 0))
        if split is None:
            continue
        for name, column in columns.items():
            if column[number] == UNKNOWN:
                column[number] = split.column(name)[row]
        if not hashes[number] and split.raw_sha256:
            hashes[number] = split.raw_sha256[row]
    return replace(known, **columns, raw_sha256=tuple(hashes))
