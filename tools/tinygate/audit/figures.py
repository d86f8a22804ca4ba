"""What there is to know about each tensor, broken rules or not: ranges, codes used, saturation, histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygate.audit.product import BLOCK_CODES, CODE_RANGES, is_usable, values_of
from tinygate.audit.view import View
from tinygate.tflite.model import Tensor


@dataclass(frozen=True)
class TensorFigures:
    """Figures of one quantized tensor.

    Attributes:
        index, name, dtype, shape: as in the file.
        role: "weights", "bias", "constant" or "activation".
        low, high: smallest and largest real value: of a constant's own values, of all codes of an activation; NaN if
            the scales do not fit the shape.
        step: real units per code; the largest one if per channel.
        channel_scales: number of distinct scales.
        scale_spread: largest scale over smallest.
        wasted_codes: activations after a fused ReLU: codes below the zero point; weights: codes beyond the largest.
        saturated_share: weights: share at the outermost codes.
        histogram: weights: how many have each code from -128 to 127, 256 bins; empty otherwise.
    """

    index: int
    name: str
    dtype: str
    shape: tuple[int, ...]
    role: str
    low: float
    high: float
    step: float
    channel_scales: int
    scale_spread: float
    wasted_codes: int
    saturated_share: float
    histogram: tuple[int, ...]


def figures_of(view: View) -> tuple[TensorFigures, ...]:
    """Return the figures of every tensor with usable scales."""
    relu = {
        operator.outputs[0]
        for operator in view.graph.operators
        if operator.outputs and getattr(operator.options, "activation", "NONE") in ("RELU", "RELU6")
    }
    roles = {product.weights.index: "weights" for product in view.products}
    roles |= {product.bias.index: "bias" for product in view.products if product.bias is not None}
    return tuple(
        _figures(
            tensor, roles.get(tensor.index, "constant" if tensor.is_constant else "activation"), tensor.index in relu
        )
        for tensor in view.graph.tensors
        if tensor.scales and tensor.zero_points and all(is_usable(scale) for scale in tensor.scales)
    )


def _figures(tensor: Tensor, role: str, after_relu: bool) -> TensorFigures:
    scales, codes = np.array(tensor.scales), values_of(tensor)
    wasted, saturated = _wasted(tensor) if after_relu else 0, 0.0
    histogram: tuple[int, ...] = ()
    if role == "weights" and codes is not None and tensor.dtype == "int8" and codes.size:
        counts = _counts(codes)
        histogram = tuple(int(count) for count in counts)
        saturated = float(counts[[0, 1, 255]].sum() / codes.size)
        wasted = int(2 * (127 - min(np.abs(np.flatnonzero(counts) - 128).max(), 127)))
    low, high = _range(tensor, codes)
    return TensorFigures(
        index=tensor.index,
        name=tensor.name,
        dtype=tensor.dtype,
        shape=tensor.shape,
        role=role,
        low=low,
        high=high,
        step=float(scales.max()),
        channel_scales=len(set(tensor.scales)),
        scale_spread=float(scales.max() / scales.min()),
        wasted_codes=wasted,
        saturated_share=saturated,
        histogram=histogram,
    )


def _wasted(tensor: Tensor) -> int:
    lowest = CODE_RANGES.get(tensor.dtype, (tensor.zero_points[0], 0))[0]
    return int(min(max(tensor.zero_points[0] - lowest, 0), 255))


def _range(tensor: Tensor, codes: NDArray[np.generic] | None) -> tuple[float, float]:
    """Return smallest and largest real value: of a constant's own values, of an activation's codes."""
    zero_point = float(tensor.zero_points[0])
    if codes is None or not codes.size:
        low, high = CODE_RANGES.get(tensor.dtype, (0, 0))
        return (low - zero_point) * tensor.scales[0], (high - zero_point) * tensor.scales[0]
    scales, axis = np.array(tensor.scales), tensor.quantized_dimension if codes.ndim > 1 else 0
    if len(scales) > 1 and (not 0 <= axis < codes.ndim or codes.shape[axis] != len(scales)):
        return math.nan, math.nan
    others = tuple(d for d in range(codes.ndim) if d != axis) if len(scales) > 1 else None
    ends = np.stack([codes.min(axis=others), codes.max(axis=others)]).astype(np.float64)
    real = (ends - zero_point) * scales  # scales are positive: ends stay ends
    return float(real.min()), float(real.max())


def _counts(codes: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return how often each int8 code occurs, [256]."""
    flat = codes.reshape(-1)
    blocks = (flat[start : start + BLOCK_CODES] for start in range(0, flat.size, BLOCK_CODES))
    counts = [np.bincount(block.astype(np.int64) + 128, minlength=256) for block in blocks]
    return np.asarray(np.sum(counts, axis=0), np.int64)
