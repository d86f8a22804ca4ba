"""What makes a calibration set representative, as figures: real, complete, large, unseen by the test, prepared alike.

A set that breaks one of these rules still converts, and the model still runs; only its accuracy is then a matter of
luck. Each figure here counts what is wrong or measures a distance, so that a gate can name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tinygate.data.dataset import UNKNOWN, Dataset, Split
from tinygate.errors import DataError

MIN_SAMPLES = 100
RECOMMENDED_SAMPLES = 200
MIN_CLASS_SHARE = 0.5  # of an even share
MAX_SHIFT = 0.1  # of a training standard deviation


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


def positions(samples: Sequence[Sample], train: Split) -> NDArray[np.int64]:
    """Return each sample's index among the training windows, -1 for one that is no training window.

    A sample is found by recording and start, by hash where they are not known, and only when hash, class and subject
    agree as well.
    """
    columns = [train.column(name).tolist() for name in ("labels", "subjects", "recordings", "starts")]
    rows = list(zip(train.raw_sha256, *columns, strict=True))
    at = {row if UNKNOWN in row[3:] else row[3:]: index for index, row in enumerate(rows)}

    def find(sample: Sample) -> int:
        given = (sample.label, sample.subject, sample.recording, sample.start)
        wanted = (sample.sha256, *(UNKNOWN if value is None else value for value in given))
        index = at.get(wanted if UNKNOWN in wanted[3:] else wanted[3:], -1)
        return index if index >= 0 and rows[index] == wanted else -1

    return np.array([find(sample) for sample in samples], np.int64)


def unreal(samples: Sequence[Sample], train: Split) -> int:
    """Return how many samples are no recorded training window, or are there twice."""
    found = positions(samples, train)
    return int(len(found) - len(np.unique(found[found >= 0])))


def smallest_class_share(samples: Sequence[Sample], classes: int) -> float:
    """Return the rarest class's share as a part of an even share: 1 when all are alike, 0 when one is missing."""
    counts = np.bincount([sample.label for sample in samples if sample.label is not None], minlength=classes)
    return float(counts.min() * classes / max(1, len(samples)))


def leaked(samples: Sequence[Sample], test: Split) -> dict[str, int]:
    """Return how many samples share their raw window, their recording or their subject with the test set."""
    windows = set(test.raw_sha256)
    recordings, subjects = (set(test.column(name).tolist()) - {UNKNOWN} for name in ("recordings", "subjects"))
    return {
        "windows": sum(sample.sha256 in windows for sample in samples),
        "recordings": sum(sample.recording in recordings for sample in samples),
        "subjects": sum(sample.subject in subjects for sample in samples),
    }


def largest_shift(samples: Sequence[Sample], dataset: Dataset) -> float:
    """Return how far mean or spread of any axis (the inputs' last) is from training, in training standard deviations.

    Raises:
        DataError: a sample is no training window, so that there is nothing to compare.
    """
    found = positions(samples, dataset.train)
    if (found < 0).any():
        raise DataError(f"{int((found < 0).sum())} calibration samples are no training windows; run `make models`")
    mean, std = _moments(dataset.train.inputs)
    calibrated_mean, calibrated_std = _moments(dataset.train.inputs[found])
    shifts = np.concatenate([(calibrated_mean - mean) / std, (calibrated_std - std) / std])
    return float(np.abs(shifts).max())


def _moments(inputs: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    values = inputs.reshape(-1, inputs.shape[-1]).astype(np.float64)
    return values.mean(axis=0), values.std(axis=0)
