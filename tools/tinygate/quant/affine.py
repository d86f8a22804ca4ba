"""Affine quantization: real = scale · (q - zero_point), and how scale and zero point are chosen.

Source: the LiteRT 8-bit quantization specification and TensorFlow Lite's `QuantizationUtil`; rounding as in TFLM.
NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.errors import DataError
from tinygate.quant.rounding import round_half_away


@dataclass(frozen=True)
class AffineParameters:
    """Scale and zero point of a tensor.

    Attributes:
        scales: shape [1] per tensor, [C] per channel; real units per code.
        zero_points: same shape; the code that stands for real 0.
        axis: channel dimension; None per tensor.
        qmin, qmax: smallest and largest code.
    """

    scales: NDArray[np.float64]
    zero_points: NDArray[np.int64]
    qmin: int
    qmax: int
    axis: int | None = None

    def __post_init__(self) -> None:
        if self.scales.shape != self.zero_points.shape or self.scales.ndim != 1 or not len(self.scales):
            raise DataError(f"{self.scales.shape} scales for {self.zero_points.shape} zero points; expected as many.")
        if self.axis is None and len(self.scales) != 1:
            raise DataError(f"{len(self.scales)} scales without a channel axis; expected one.")
        if not (np.isfinite(self.scales).all() and (self.scales > 0).all()):
            raise DataError("a scale is not a positive finite number; every scale must be.")

    @property
    def scale(self) -> float:
        """The only scale. Raises DataError per channel."""
        if self.axis is not None:
            raise DataError("the parameters are per channel: they have no single scale.")
        return float(self.scales[0])

    @property
    def zero_point(self) -> int:
        """The only zero point. Raises DataError per channel."""
        if self.axis is not None:
            raise DataError("the parameters are per channel: they have no single zero point.")
        return int(self.zero_points[0])

    @property
    def code_type(self) -> np.dtype[np.integer[Any]]:
        """The smallest NumPy integer type that holds the codes."""
        for candidate in (np.int8, np.uint8, np.int16, np.uint16, np.int32):
            limits = np.iinfo(candidate)
            if limits.min <= self.qmin and self.qmax <= limits.max:
                return np.dtype(candidate)
        return np.dtype(np.int64)

    def along(self, values: NDArray[np.generic], rank: int) -> NDArray[Any]:
        """Return per-channel `values` shaped to broadcast over a tensor of `rank` dimensions."""
        if self.axis is None:
            return values.reshape((1,) * rank)
        shape = [1] * rank
        shape[self.axis] = -1
        return values.reshape(shape)


def per_tensor(scale: float, zero_point: int, qmin: int = -128, qmax: int = 127) -> AffineParameters:
    """Return parameters with one scale and zero point; int8 unless told otherwise."""
    return AffineParameters(np.array([scale], np.float64), np.array([zero_point], np.int64), qmin, qmax)


def quantize(values: ArrayLike, parameters: AffineParameters) -> NDArray[np.integer[Any]]:
    """Return codes clip(round(x / scale) + zero_point, qmin, qmax); halves round away from zero. Same shape.

    Raises:
        DataError: NaN or infinity among the values, or channels that do not match.
    """
    real = np.asarray(values, np.float64)
    if not np.isfinite(real).all():
        raise DataError("NaN or infinity among the values to quantize; no code stands for them.")
    _check_channels(real.shape, parameters)
    codes = round_half_away(real / parameters.along(parameters.scales, real.ndim))
    codes = codes + parameters.along(parameters.zero_points, real.ndim)
    clipped: NDArray[np.integer[Any]] = np.clip(codes, parameters.qmin, parameters.qmax).astype(parameters.code_type)
    return clipped


def dequantize(codes: ArrayLike, parameters: AffineParameters) -> NDArray[np.float64]:
    """Return the real values scale · (q - zero_point) of `codes`; same shape.

    Raises:
        DataError: channels that do not match.
    """
    q = np.asarray(codes, np.int64)
    _check_channels(q.shape, parameters)
    centred = q - parameters.along(parameters.zero_points, q.ndim)
    real: NDArray[np.float64] = centred * parameters.along(parameters.scales, q.ndim)
    return real


def choose_asymmetric(low: float, high: float, qmin: int = -128, qmax: int = 127) -> AffineParameters:
    """Return parameters that spread the codes over [low, high], widened to include 0 so that 0 is exact.

    scale = (high - low) / (qmax - qmin); zero_point = round(qmin - low / scale). A range of 0 alone gets scale 1.

    Raises:
        DataError: not finite, or low > high.
    """
    if not (np.isfinite(low) and np.isfinite(high)) or low > high:
        raise DataError(f"[{low}, {high}] is no range; expected two finite numbers, the smaller first.")
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        return per_tensor(1.0, min(max(0, qmin), qmax), qmin, qmax)
    scale = (high - low) / (qmax - qmin)
    zero_point = float(round_half_away(np.asarray(qmin - low / scale)))
    return per_tensor(scale, int(min(max(zero_point, qmin), qmax)), qmin, qmax)


def choose_symmetric(values: ArrayLike, axis: int | None = None, qmax: int = 127) -> AffineParameters:
    """Return parameters for weights: zero point 0, scale = max|x| / qmax, per channel of `axis` if one is given.

    Codes lie in [-qmax, qmax]; a channel of zeros gets scale 1.

    Raises:
        DataError: no values, or NaN or infinity among them.
    """
    real = np.asarray(values, np.float64)
    if real.size == 0 or not np.isfinite(real).all():
        raise DataError("no values, or NaN or infinity among them; weights must be finite.")
    others = None if axis is None else tuple(d for d in range(real.ndim) if d != axis % real.ndim)
    largest = np.atleast_1d(np.abs(real).max(axis=others))
    scales = np.where(largest > 0, largest, qmax) / qmax
    dimension = None if axis is None else axis % real.ndim
    return AffineParameters(scales, np.zeros(len(scales), np.int64), -qmax, qmax, dimension)


def _check_channels(shape: tuple[int, ...], parameters: AffineParameters) -> None:
    axis = parameters.axis
    if axis is not None and (axis >= len(shape) or shape[axis] != len(parameters.scales)):
        raise DataError(f"{len(parameters.scales)} channels along dimension {axis} do not fit shape {shape}.")
