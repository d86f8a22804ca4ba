"""Windows with a model's answers: all that a metric may look at. Also what a recipe's own metric is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data.classes import classes_of
from tinygate.data.dataset import Split
from tinygate.errors import DataError

Floats = NDArray[Any]


@dataclass(frozen=True)
class Judged:
    """Windows of a test set with the answers of one model.

    Attributes:
        split: the windows, with whatever is known of them.
        outputs: the model's first output in real units, float32 [N, ...].
        all_outputs: every output, likewise.
        rows: which windows of the split these are, [n]; a resampled set names some twice.
        reference: the first output of the reference variant, [N, ...]; None where there is none.
        copies: which copy of its window each row is, [n]: a recording drawn twice counts as two. None: the first.
    """

    split: Split
    all_outputs: tuple[Floats, ...]
    rows: NDArray[np.int64]
    reference: Floats | None = None
    copies: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def outputs(self) -> Floats:
        """The first output in real units, [n, ...]."""
        return self.all_outputs[0][self.rows]

    @property
    def inputs(self) -> Floats:
        """The inputs as they were given, [n, ...]."""
        return self.split.inputs[self.rows]

    @property
    def labels(self) -> NDArray[Any]:
        """What is true of each window, [n, ...]. Raises DataError when nobody said."""
        return self.split.labels[self.rows]

    @property
    def recordings(self) -> NDArray[np.int64]:
        """The recording of each window, [n]. Raises DataError when nobody said."""
        numbers = self.split.recordings
        return numbers[self.rows] + (0 if self.copies is None else self.copies * (numbers.max() + 1))

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class that each window's output stands for, [n]."""
        return classes_of(self.outputs)

    def counted(self, counts: NDArray[Any]) -> Judged:
        """Return each window as often as `counts` [n] says."""
        times = range(int(counts.max(initial=0)))
        rows = [np.flatnonzero(counts > k) for k in times]
        copies = np.concatenate([np.full(len(chosen), k, np.int64) for k, chosen in enumerate(rows)])
        return replace(self, rows=self.rows[np.concatenate(rows)], copies=copies)

    def per_recording(self, values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[Any]]:
        """Return label and mean of `values` [n] of each recording.

        Raises:
            DataError: recordings or labels are not known, or a recording has two labels.
        """
        _, first, members = np.unique(self.recordings, return_index=True, return_inverse=True)
        labels = self.labels[first]
        if not (labels[members] == self.labels).all():
            mixed = int(self.recordings[(labels[members] != self.labels).argmax()])
            raise DataError(f"{self.split.source}: recording {mixed} has windows of two labels; expected one label.")
        return labels, np.bincount(members, weights=values) / np.bincount(members)
