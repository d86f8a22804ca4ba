"""How far a layer's values are from the reference's: signal to noise, errors in codes, clipping; sample by sample.

Sums are kept, values are not: a thousand samples of a large model need no more memory than one chunk of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.compare.execution import is_affine, real_values
from tinygate.tflite import Tensor

HISTOGRAM_LSB = 8
"""Errors of more codes than this share the outermost bins."""


@dataclass(frozen=True)
class LayerError:
    """How one layer of the candidate differs from the reference, over all samples.

    Attributes:
        kind: operator name; reference_operator, candidate_operator: their numbers in the graphs.
        tensor, tensor_name: the candidate's result.
        dtype, shape: type and shape of one sample's result.
        elements: values compared.
        sqnr_db: 10 · log10(Σ reference² / Σ (reference - candidate)²); inf for equal values.
        largest_error: in real units.
        lsb_histogram: share of values by error in the candidate's codes, -8 and less, -7, …, 8 and more; () for a
            candidate in floating point. The error is the candidate's code minus the code of the reference's value.
        lsb_mean: mean of that error: a bias that later layers add up. None for floating point.
        within_one_lsb: share of values whose code is off by one at most. None for floating point.
        clipped: share of the reference's values that lie outside what the candidate's codes reach.
        correlation: of the two models' values, -1 to 1; nan where either does not vary.
    """

    kind: str
    reference_operator: int
    candidate_operator: int
    tensor: int
    tensor_name: str
    dtype: str
    shape: tuple[int, ...]
    elements: int
    sqnr_db: float
    largest_error: float
    lsb_histogram: tuple[float, ...]
    lsb_mean: float | None
    within_one_lsb: float | None
    clipped: float
    correlation: float = math.nan


@dataclass
class Accumulator:
    """Collects the error of one tensor over chunks of samples."""

    tensor: Tensor
    elements: int = 0
    signal: float = 0.0
    noise: float = 0.0
    largest: float = 0.0
    clipped: int = 0
    lsb_sum: float = 0.0
    moments: NDArray[np.float64] = field(default_factory=lambda: np.zeros(5))
    histogram: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2 * HISTOGRAM_LSB + 1, np.int64))

    def add(self, reference: NDArray[np.float32], raw: NDArray[Any]) -> None:
        """Take in the reference's real values and the candidate's raw ones, [n, elements] each."""
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows has no figure: `sqnr_db` says nan
            self._add(reference, raw)

    def _add(self, reference: NDArray[np.float32], raw: NDArray[Any]) -> None:
        real = real_values(self.tensor, raw)
        error = real - reference
        a, b = reference.astype(np.float64).reshape(-1), real.astype(np.float64).reshape(-1)
        self.moments += (a.sum(), b.sum(), a @ a, b @ b, a @ b)
        self.elements += error.size
        self.signal += float(np.vdot(reference, reference))
        self.noise += float(np.vdot(error, error))
        self.largest = max(self.largest, float(error.max(initial=0.0)), -float(error.min(initial=0.0)))
        if is_affine(self.tensor):
            self._add_codes(reference, raw)

    def _add_codes(self, reference: NDArray[np.float32], raw: NDArray[Any]) -> None:
        limits = np.iinfo(np.dtype(self.tensor.dtype))
        wanted = np.rint(reference * np.float32(1 / self.tensor.scales[0]))
        wanted += np.float32(self.tensor.zero_points[0])
        self.clipped += int(np.count_nonzero(wanted < limits.min) + np.count_nonzero(wanted > limits.max))
        lsb = raw - np.clip(wanted, limits.min, limits.max, out=wanted)
        np.nan_to_num(lsb, copy=False, nan=HISTOGRAM_LSB)  # a reference that overflowed has no code
        self.lsb_sum += float(lsb.sum(dtype=np.float64))
        bins = np.clip(lsb, -HISTOGRAM_LSB, HISTOGRAM_LSB, out=lsb).astype(np.int64)
        self.histogram += np.bincount(bins.reshape(-1) + HISTOGRAM_LSB, minlength=2 * HISTOGRAM_LSB + 1)

    @property
    def sqnr_db(self) -> float:
        """Signal to quantization noise so far."""
        return sqnr_db(self.signal, self.noise)

    @property
    def correlation(self) -> float:
        """Correlation of the values so far, nan where one of the models always says the same."""
        a, b, aa, bb, ab = self.moments / max(1, self.elements)
        spread = (aa - a * a) * (bb - b * b)
        return float((ab - a * b) / math.sqrt(spread)) if spread > 0 and math.isfinite(spread) else math.nan

    def codes(self) -> dict[str, Any]:
        """Return what of `LayerError` is counted in codes."""
        if not is_affine(self.tensor):
            return {"lsb_histogram": (), "lsb_mean": None, "within_one_lsb": None, "clipped": 0.0}
        count = max(1, self.elements)
        near = self.histogram[HISTOGRAM_LSB - 1 : HISTOGRAM_LSB + 2].sum()
        return {
            "lsb_histogram": tuple(float(share) for share in self.histogram / count),
            "lsb_mean": self.lsb_sum / count,
            "within_one_lsb": float(near) / count,
            "clipped": self.clipped / count,
        }


def sqnr_db(signal: float, noise: float) -> float:
    """Return 10 · log10(signal / noise): inf without noise, -inf for noise without signal, nan for no number."""
    if not math.isfinite(signal) or math.isnan(noise):
        return math.nan
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0 and math.isfinite(noise) else -math.inf
