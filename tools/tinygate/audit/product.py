"""An operator that multiplies an input with weights, and what is known about its weights row by row.

Memory matters here: a damaged file may let thousands of operators share one large weight tensor. Sums over weights are
therefore taken once per tensor, and in blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.tflite.model import NUMPY_TYPES, Operator, Tensor

SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)
CODE_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "int4": (-8, 7)}

_OUTERMOST = 127
_PER_CHANNEL = ("positive", "negative", "squares", "largest", "outermost")
BLOCK_CODES = 1 << 20
"""How many weights are looked at together: intermediate results take a few times their size."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RowSums:
    """Sums over the weights of each output channel, [channels] each.

    Attributes:
        positive, negative: sum of positive and of negative codes; squares: sum of squared codes.
        largest: largest magnitude; outermost: number of codes of magnitude 127 and more.
        minus_128: number of codes -128 in the whole tensor; per_channel: number of codes per channel.
    """

    positive: Floats
    negative: Floats
    squares: Floats
    largest: NDArray[np.int64]
    outermost: NDArray[np.int64]
    minus_128: int
    per_channel: int


def row_sums(weights: Tensor, axis: int) -> RowSums | None:
    """Return the sums along channel dimension `axis`; None if the weights cannot be read or are empty."""
    values = values_of(weights)
    if values is None or values.ndim <= axis or weights.dtype not in ("int8", "uint8", "int16") or not values.size:
        return None
    channels = np.moveaxis(values, axis, 0)
    step = max(BLOCK_CODES * len(channels) // channels.size, 1)
    parts = [_sums_of(channels[start : start + step]) for start in range(0, len(channels), step)]
    return RowSums(
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _PER_CHANNEL},
        minus_128=sum(part.minus_128 for part in parts),
        per_channel=parts[0].per_channel,
    )


def _sums_of(block: NDArray[Any]) -> RowSums:
    rows = block.reshape(len(block), -1)
    return RowSums(
        positive=rows.clip(min=0).sum(axis=1, dtype=np.float64),
        negative=rows.clip(max=0).sum(axis=1, dtype=np.float64),
        squares=np.einsum("ij,ij->i", rows, rows, dtype=np.float64, casting="unsafe"),
        largest=np.maximum(rows.max(axis=1).astype(np.int64), -rows.min(axis=1).astype(np.int64)),
        outermost=((rows >= _OUTERMOST) | (rows <= -_OUTERMOST)).sum(axis=1),
        minus_128=int((rows == -128).sum()),
        per_channel=rows.shape[1],
    )


@dataclass(frozen=True)
class Product:
    """An operator that multiplies an input with weights and adds a bias; `sums` is None if weights cannot be read."""

    operator: Operator
    source: Tensor
    weights: Tensor
    bias: Tensor | None
    result: Tensor
    axis: int
    sums: RowSums | None

    @property
    def is_integer(self) -> bool:
        """Whether input, weights and output are all integer codes."""
        return all(tensor.dtype in CODE_RANGES for tensor in (self.source, self.weights, self.result))

    @property
    def has_usable_scales(self) -> bool:
        """Whether input and output have one usable scale and the weights one each or one per channel."""
        per_tensor = all(len(t.scales) == len(t.zero_points) == 1 for t in (self.source, self.result))
        counts = {1, self.channels}
        scales = (*self.source.scales, *self.weights.scales, *self.result.scales)
        return per_tensor and len(self.weights.scales) in counts and all(is_usable(scale) for scale in scales)

    @property
    def channels(self) -> int:
        """Number of output channels, 0 if the weights have no such dimension."""
        return self.weights.shape[self.axis] if self.axis < len(self.weights.shape) else 0

    @property
    def reach(self) -> tuple[Floats, Floats] | None:
        """Lowest and highest accumulator of each channel over all inputs, bias included; None if unknown.

        In float64: beyond 2^53 the bound is no longer exact, and far beyond every limit.
        """
        sums, bias = self.sums, values_of(self.bias)
        if sums is None or len(self.source.zero_points) != 1 or self.source.dtype not in CODE_RANGES:
            return None
        if bias is not None and bias.size != len(sums.positive):
            return None
        low, high = (code - float(self.source.zero_points[0]) for code in CODE_RANGES[self.source.dtype])
        offset = 0.0 if bias is None else bias.reshape(-1).astype(np.float64)
        lowest = sums.positive * low + sums.negative * high + offset
        highest = sums.positive * high + sums.negative * low + offset
        return np.asarray(lowest, np.float64), np.asarray(highest, np.float64)

    @property
    def multipliers(self) -> Floats:
        """s_in · s_w / s_out per channel or [1]; only for usable scales."""
        product = self.source.scales[0] * np.array(self.weights.scales, np.float64)
        ratio: Floats = product / self.result.scales[0]
        return ratio


def is_usable(scale: float) -> bool:
    """Return whether a scale is a positive, finite, normal float32."""
    return SMALLEST_NORMAL <= scale < float("inf")


def values_of(tensor: Tensor | None) -> NDArray[np.generic] | None:
    """Return a constant's values, None if there are none or they do not fill the shape."""
    if tensor is None or not tensor.data or tensor.is_sparse or tensor.dtype not in NUMPY_TYPES:
        return None
    try:
        return tensor.array()
    except ModelFileError:
        return None


def affine_of(tensor: Tensor) -> str:
    """Return scale and zero point in words."""
    if not tensor.scales and not tensor.zero_points:
        return "no scale and zero point"
    if len(tensor.scales) == 1 and len(tensor.zero_points) == 1:
        return f"scale {tensor.scales[0]:g}, zero point {tensor.zero_points[0]}"
    return f"{len(tensor.scales)} scales, {len(tensor.zero_points)} zero points"
