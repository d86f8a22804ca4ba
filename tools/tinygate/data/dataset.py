"""What a recipe hands over: test windows, and as much more as is known: other parts, labels, who and when.

Only the test set's inputs must be there. Whoever needs more asks for it, and is told in one sentence what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data.checks import check_columns, check_inputs
from tinygate.data.classes import check_class_labels, check_class_names
from tinygate.data.hashing import json_sha256, window_sha256
from tinygate.errors import DataError
from tinygate.preprocessing.description import is_described
from tinygate.preprocessing.kinds import as_given, read_preparation
from tinygate.preprocessing.raw import RawWindows, raw_windows

UNKNOWN = -1
PARTS = ("train", "validation", "test")


class Split:
    """Windows of one part of a data set, aligned along their first axis; all but inputs may be absent.

    What is absent raises DataError when it is asked for; `has` says beforehand, and `column` gives -1 instead.
    """

    def __init__(
        self,
        inputs: NDArray[Any] | Mapping[str, NDArray[Any]],
        labels: NDArray[Any] | None = None,
        subjects: NDArray[Any] | None = None,
        recordings: NDArray[Any] | None = None,
        starts: NDArray[Any] | None = None,
        raw_sha256: Sequence[str] | None = (),
        *,
        part: str = "",
        source: str = "the recipe's data",
        raw: NDArray[Any] | None = None,
        settings: NDArray[Any] | None = None,
    ) -> None:
        """Check and keep the arrays of one part.

        Args:
            inputs: [N, ...model input shape without batch], prepared as the model takes them; for a model of several
                inputs one such array for each, by name. Real values, or the raw codes of an integer model.
            labels: [N] class indices, or [N, ...] what a regression should answer.
            subjects: [N] integers, who was recorded.
            recordings: [N] integers, the recording each window was cut from; a number means one recording in all parts.
            starts: [N] integers, first sample of the window in its recording.
            raw_sha256: one hash per window over the samples as recorded, before any preprocessing; None to hash the
                inputs, which are then taken for what was recorded.
            part, source: what to call the part, and where it comes from, in messages.
            raw: [N, samples, axes] each window as the sensor gave it.
            settings: [N] the word of what the device knew besides (docs/preprocessing.md); None for no bit set.

        Raises:
            DataError: text, objects, NaN or infinity, or arrays of different lengths.
        """
        self.part, self.source = part, source
        self.all_inputs = check_inputs(inputs, part, source)
        self._hashes = None if raw_sha256 is None else tuple(raw_sha256)
        columns = {"labels": labels, "subjects": subjects, "recordings": recordings, "starts": starts}
        self._columns = check_columns(columns, len(self), part, source)
        if self._hashes and len(self._hashes) != len(self):
            raise DataError(f"{source}: {len(self._hashes)} entries of raw_sha256 for {len(self)} windows; mend it.")
        where = f"{source}: {part}_raw" if part else f"{source}: raw"
        self._raw = None if raw is None else raw_windows(raw, settings, len(self), where)

    def __len__(self) -> int:
        return len(next(iter(self.all_inputs.values())))

    @property
    def inputs(self) -> NDArray[Any]:
        """The inputs of a model that has one, [N, ...]; of several, the first."""
        return next(iter(self.all_inputs.values()))

    @property
    def labels(self) -> NDArray[Any]:
        """What is true of each window, [N] or [N, ...]. Raises DataError when nobody said."""
        return self._needed("labels")

    @property
    def subjects(self) -> NDArray[np.int64]:
        """Who was recorded, [N]. Raises DataError when nobody said."""
        return self._needed("subjects")

    @property
    def recordings(self) -> NDArray[np.int64]:
        """The recording of each window, [N]. Raises DataError when nobody said."""
        return self._needed("recordings")

    @property
    def starts(self) -> NDArray[np.int64]:
        """The first sample of each window in its recording, [N]. Raises DataError when nobody said."""
        return self._needed("starts")

    @property
    def raw_sha256(self) -> tuple[str, ...]:
        """One hash per window as recorded; () when nobody said."""
        if self._hashes is None:
            self._hashes = tuple(window_sha256(window) for window in self.inputs)
        return self._hashes

    @property
    def raw(self) -> RawWindows | None:
        """Each window as the sensor gave it; None when nobody said."""
        return self._raw

    @property
    def clusters(self) -> NDArray[np.int64]:
        """What must be resampled as one, [N]: recordings, else subjects; without either, each window stands alone."""
        known = next((name for name in ("recordings", "subjects") if self.has(name)), None)
        return self._needed(known) if known else np.arange(len(self), dtype=np.int64)

    def has(self, name: str) -> bool:
        """Whether labels, subjects, recordings or starts are known."""
        return name in self._columns

    def column(self, name: str) -> NDArray[np.int64]:
        """Return labels, subjects, recordings or starts as integers [N], -1 where they are not known or no integers."""
        found = self._columns.get(name)
        if found is None or found.ndim != 1 or found.dtype.kind not in "iu":
            return np.full(len(self), UNKNOWN, np.int64)
        return found

    def replace(self, **changes: Any) -> Split:
        """Return the same part with other arrays; named as in the constructor."""
        inputs = self.inputs if "" in self.all_inputs else self.all_inputs
        known = {
            "inputs": inputs,
            **self._columns,
            "raw_sha256": self._hashes,
            "part": self.part,
            "source": self.source,
        }
        raw = {"raw": self._raw.samples, "settings": self._raw.settings} if self._raw else {}
        return Split(**(known | raw | changes))

    def _needed(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            array = f"{self.part}_{name}" if self.part else name
            raise DataError(f"{self.source}: no array {array}, which this needs; add one entry for each window.")
        return self._columns[name]


class Dataset:
    """A data set: the test set, and training and validation parts where they are known.

    Attributes:
        test: what is judged; used for nothing else.
        class_names: in label order; () when there are no classes or nobody named them.
        sha256: hash of the source file.
        preprocessing: JSON-able constants from raw samples to `inputs`; firmware needs the same ones.
        source: where it comes from, for messages.
    """

    def __init__(
        self,
        train: Split | None = None,
        validation: Split | None = None,
        test: Split | None = None,
        class_names: Sequence[str] = (),
        sha256: str = "",
        preprocessing: Mapping[str, Any] | None = None,
        source: str = "the recipe's data",
    ) -> None:
        """Keep the parts.

        Raises:
            DataError: no test set, a part of one window, labels outside the classes, or preprocessing that cannot be
                carried out on the raw windows.
        """
        if test is None:
            raise DataError(f"{source}: no test set; a model is judged on test_inputs.")
        self.test, self.source, self.sha256 = test, source, sha256
        self.class_names = tuple(class_names)
        check_class_names(self.class_names, source)
        self.preprocessing: Mapping[str, Any] = preprocessing or {}
        self._parts = {"train": train, "validation": validation, "test": test}
        for part, split in self.parts.items():
            self._check(part, split)
        self._check_preprocessing()

    @property
    def parts(self) -> dict[str, Split]:
        """The parts that are there, by name."""
        return {name: split for name, split in self._parts.items() if split is not None}

    def has(self, part: str) -> bool:
        """Whether train or validation is known."""
        return self._parts.get(part) is not None

    @property
    def train(self) -> Split:
        """What the model learns from; calibration samples come from here. Raises DataError when it is not known."""
        return self._needed("train")

    @property
    def validation(self) -> Split:
        """What choices are made on. Raises DataError when it is not known."""
        return self._needed("validation")

    @property
    def preprocessing_sha256(self) -> str:
        """Hash of the preprocessing constants, as the manifest records it."""
        return json_sha256(self.preprocessing)

    def replace(self, **changes: Any) -> Dataset:
        """Return the same data with other parts; named as in the constructor."""
        names = ("class_names", "sha256", "preprocessing", "source")
        return Dataset(**(self.parts | {name: getattr(self, name) for name in names} | changes))

    def _check_preprocessing(self) -> None:
        try:
            _ = self.preprocessing_sha256
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{self.source}: preprocessing cannot be kept as JSON ({error}); use finite numbers, strings, lists."
            ) from error
        if not is_described(self.preprocessing):
            return
        try:
            preparation = read_preparation(self.preprocessing, "preprocessing")
            for split in self.parts.values():
                if split.raw is not None:
                    as_given(preparation.raw, split.raw.samples)
        except DataError as error:
            raise DataError(f"{self.source}: {error}") from error

    def _needed(self, part: str) -> Split:
        split = self._parts[part]
        if split is None:
            raise DataError(f"{self.source}: no array {part}_inputs, which this needs.")
        return split

    def _check(self, part: str, split: Split) -> None:
        if len(split) < 2:
            raise DataError(f"{split.source}: {part}_inputs holds {len(split)} windows; at least 2 are needed.")
        if not self.class_names or not split.has("labels"):
            return
        count = len(self.class_names)
        check_class_labels(split.labels, count, f"{split.source}: {part}_labels", f"{count} class names")
