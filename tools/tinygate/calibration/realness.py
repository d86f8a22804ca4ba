"""Rules on what recorded signals have and made-up ones lack: memory, a spectrum, a distribution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tinygate.calibration.finding import LintFinding, graded
from tinygate.calibration.representative_set import RepresentativeSet
from tinygate.data.dataset import Dataset

LAG_WARNING, LAG_ERROR = 0.1, 0.3
POWER_WARNING, POWER_ERROR = 0.25, 0.5
DISTANCE_WARNING, DISTANCE_ERROR = 0.15, 0.3
_MOST_VALUES = 1_000_000  # per channel; more would only sharpen the third digit
_MOST_BYTES = 64 << 20


def signals(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return inputs as [n, time, channels]: the last dimension of several holds channels; images run along rows."""
    squeezed = inputs.reshape(len(inputs), *(size for size in inputs.shape[1:] if size != 1))
    if squeezed.ndim == 1:
        return squeezed.reshape(-1, 1, 1)
    if squeezed.ndim == 2:
        return squeezed[..., np.newaxis]
    return squeezed.reshape(len(squeezed), -1, squeezed.shape[-1])


def evenly(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return as many of `inputs` [N, ...], evenly spaced, as statistics need and memory holds: mostly all of them."""
    return inputs[:: max(1, -(-inputs.nbytes // _MOST_BYTES))]


def check_realness(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D012, D013, D014: autocorrelation, spectrum and distribution are those of the training data."""
    ours, theirs = signals(evenly(given.inputs)), signals(evenly(dataset.train.inputs))
    if ours.shape[1] > 2:
        a, b = lag_one(ours), lag_one(theirs)
        worst = int(np.abs(a - b).argmax())
        gap = abs(float(a[worst] - b[worst]))
        values = f"neighbours correlate by {a[worst]:.2f}, in training by {b[worst]:.2f}"
        place = f"channel {worst}"
        yield graded("TG-D012", place, values, warning=gap > LAG_WARNING, error=gap > LAG_ERROR)
        moved = np.abs(spectrum(ours) - spectrum(theirs)).sum(axis=0) / 2
        worst, share = int(moved.argmax()), float(moved.max())
        values = f"{share:.0%} of the power lies at other frequencies than in training"
        yield graded("TG-D013", f"channel {worst}", values, warning=share > POWER_WARNING, error=share > POWER_ERROR)
    distances = [kolmogorov_smirnov(ours[..., c], theirs[..., c]) for c in range(ours.shape[2])]
    worst, distance = int(np.argmax(distances)), max(distances)
    values = f"Kolmogorov-Smirnov distance to training {distance:.3f}; expected at most {DISTANCE_WARNING}"
    warning, error = distance > DISTANCE_WARNING, distance > DISTANCE_ERROR
    yield graded("TG-D014", f"channel {worst}", values, warning=warning, error=error)


def lag_one(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the correlation of neighbouring time steps per channel of [n, time, channels], windows centred."""
    centred = values.astype(np.float64) - values.mean(axis=1, keepdims=True, dtype=np.float64)
    power = np.maximum((centred**2).sum(axis=(0, 1)), 1e-30)
    correlation: NDArray[np.float64] = (centred[:, 1:] * centred[:, :-1]).sum(axis=(0, 1)) / power
    return correlation


def spectrum(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the share of power at each frequency, [frequencies, channels], of [n, time, channels], windows centred."""
    centred = values.astype(np.float64) - values.mean(axis=1, keepdims=True, dtype=np.float64)
    power = (np.abs(np.fft.rfft(centred, axis=1)) ** 2).sum(axis=0)
    share: NDArray[np.float64] = power / np.maximum(power.sum(axis=0), 1e-30)
    return share


def kolmogorov_smirnov(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """Return the largest difference of two cumulative distributions, of any shape: scipy's `ks_2samp` statistic."""
    a, b = (np.sort(_thinned(values)) for values in (ours, theirs))
    both = np.concatenate([a, b])
    below = np.searchsorted(a, both, side="right") / len(a) - np.searchsorted(b, both, side="right") / len(b)
    return float(np.abs(below).max())


def _thinned(values: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = values.reshape(-1)
    return flat[:: max(1, len(flat) // _MOST_VALUES)]
