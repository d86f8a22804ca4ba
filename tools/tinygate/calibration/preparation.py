"""Rules on how the samples were prepared: the same constants, the same values, the same mean and spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.calibration.composition import SET
from tinygate.calibration.finding import LintFinding, graded
from tinygate.calibration.leakage import most_alike
from tinygate.calibration.realness import evenly, signals
from tinygate.calibration.representative_set import RepresentativeSet
from tinygate.data.dataset import UNKNOWN, Dataset
from tinygate.data.hashing import json_sha256

MAX_SHIFT = 0.1
_STANDARD_ERRORS = 3.0
_SAME_SHAPE = 0.99999
_SAME_VALUE = 1e-4  # of a channel's training deviation


def check_moments(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D016: mean and standard deviation of every channel as in training."""
    ours, theirs = (signals(evenly(x)).astype(np.float64) for x in (given.inputs, dataset.train.inputs))
    spread = np.maximum(theirs.std(axis=(0, 1)), 1e-12)
    mean = (ours.mean(axis=(0, 1)) - theirs.mean(axis=(0, 1))) / spread
    gain = ours.std(axis=(0, 1)) / spread - 1
    errors = standard_errors(theirs, len(given))
    for what, shift, error in (("mean", mean, errors[0]), ("standard deviation", gain, errors[1])):
        worst = int(np.abs(shift).argmax())
        off = abs(float(shift[worst]))
        values = f"{what} differs from training by {shift[worst]:+.1%} of the training deviation; expected within 10 %"
        sure = off > _STANDARD_ERRORS * error[worst]
        yield graded("TG-D016", f"channel {worst}", values, warning=off > MAX_SHIFT, error=off > MAX_SHIFT and sure)


def standard_errors(train: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far mean and deviation [axes] of `count` random windows are off, in training deviations.

    `train` is [N, samples, axes].
    """
    centre, variance = train.mean(axis=(0, 1)), np.maximum(train.var(axis=(0, 1)), 1e-24)
    of_mean = train.mean(axis=1).std(axis=0) / np.sqrt(variance * count)
    of_variance = ((train - centre) ** 2).mean(axis=1).std(axis=0) / (variance * np.sqrt(count))
    return of_mean, of_variance / 2


def check_values(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D017: a sample that is a training window has that window's values.

    It is one by recording and start, or if each channel is that of the window, scaled, shifted or negated.
    """
    train = dataset.train.inputs
    where = _at_position(given, dataset)
    likeness, alike = most_alike(given.inputs, train, signed=False)
    where = np.where((where < 0) & (likeness >= _SAME_SHAPE), alike, where)
    same = where >= 0
    if not same.any():
        return
    ours, theirs = signals(given.inputs[same]).astype(np.float64), signals(train[where[same]]).astype(np.float64)
    spread = np.maximum(signals(evenly(train)).std(axis=(0, 1)), 1e-12)
    differs = (np.abs(ours - theirs) > _SAME_VALUE * spread).any(axis=(1, 2))
    values = f"{int(differs.sum())} of {int(same.sum())} training windows among the samples have other values"
    if differs.any():
        values += f": {_gain_and_offset(ours[differs], theirs[differs])}"
    yield graded("TG-D017", SET, values, warning=False, error=bool(differs.any()))


def _at_position(given: RepresentativeSet, dataset: Dataset) -> NDArray[np.int64]:
    """Return the training window at each sample's recording and start, -1 if there is none."""
    recordings, starts = (dataset.train.column(name).tolist() for name in ("recordings", "starts"))
    rows = {place: row for row, place in enumerate(zip(recordings, starts, strict=True)) if UNKNOWN not in place}
    wanted = zip(given.recordings.tolist(), given.starts.tolist(), strict=True)
    return np.array([rows.get(place, -1) for place in wanted], np.int64)


def _gain_and_offset(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> str:
    """Return the line that maps training values to these, for the channel that is furthest off."""
    ours, theirs = (values.reshape(-1, values.shape[2]) for values in (ours, theirs))
    centred, reference = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    gain = (centred * reference).sum(axis=0) / np.maximum((reference**2).sum(axis=0), 1e-24)
    offset = ours.mean(axis=0) - gain * theirs.mean(axis=0)
    worst = int((np.abs(gain - 1) + np.abs(offset)).argmax())
    return f"channel {worst} is {gain[worst]:.4g} times training, plus {offset[worst]:.4g}"


def check_constants(constants: Mapping[str, Any], sha256: str, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D018: pinned constants are what their hash says, and the recipe's."""
    honest, same = json_sha256(constants) == sha256, dataset.preprocessing_sha256 == sha256
    values = (
        "the manifest's constants do not match their own hash" if not honest
        else "the recipe prepares inputs with other constants than the artifacts'" if not same
        else f"the recipe's constants are the pinned ones, {sha256[:12]}…"
    )  # fmt: skip
    yield graded("TG-D018", "manifest", values, warning=False, error=not (honest and same))
