"""A subgraph made ready for checking: who writes and reads each tensor, and which tensors are weights and biases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.flatbuffer.model import NUMPY_TYPES, Operator, Subgraph, Tensor, TfliteModel
from tinygate.quant.audit.finding import AuditFinding
from tinygate.quant.audit.rules import RULES

SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)
CODE_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767), "int4": (-8, 7)}

# operator → positions of input, weights and bias among its inputs, channel dimension of the weights
WEIGHTED = {
    "CONV_2D": (0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": (0, 1, 2, 3),
    "FULLY_CONNECTED": (0, 1, 2, 0),
    "TRANSPOSE_CONV": (2, 1, 3, 0),
}


@dataclass(frozen=True)
class Product:
    """An operator that multiplies an input with weights and adds a bias."""

    operator: Operator
    source: Tensor
    weights: Tensor
    bias: Tensor | None
    result: Tensor
    axis: int

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

    @cached_property
    def rows(self) -> NDArray[np.int64] | None:
        """Weights as [channels, weights per channel]; None if they cannot be read."""
        values = values_of(self.weights)
        if values is None or values.ndim <= self.axis or self.weights.dtype not in ("int8", "uint8", "int16"):
            return None
        return np.moveaxis(values, self.axis, 0).reshape(values.shape[self.axis], -1).astype(np.int64)

    @cached_property
    def reach(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Lowest and highest accumulator of each channel over all inputs, bias included; None if unknown.

        In float64: beyond 2^53 the bound is no longer exact, and far beyond every limit.
        """
        rows, low, high = self.rows, *CODE_RANGES.get(self.source.dtype, (0, 0))
        if rows is None or not self.source.zero_points or rows.shape[1] == 0:
            return None
        zero_point = float(self.source.zero_points[0])
        at_low, at_high = rows * (low - zero_point), rows * (high - zero_point)
        bias = values_of(self.bias) if self.bias is not None else None
        if bias is not None and bias.size != len(rows):
            return None
        offset = np.zeros(len(rows)) if bias is None else bias.reshape(-1).astype(np.float64)
        lowest, highest = np.minimum(at_low, at_high).sum(axis=1), np.maximum(at_low, at_high).sum(axis=1)
        return lowest + offset, highest + offset

    @property
    def multipliers(self) -> NDArray[np.float64]:
        """s_in · s_w / s_out per channel or [1]; only for usable scales."""
        product = self.source.scales[0] * np.array(self.weights.scales, np.float64)
        ratio: NDArray[np.float64] = product / self.result.scales[0]
        return ratio


@dataclass(frozen=True)
class View:
    """A subgraph under audit."""

    model: TfliteModel
    graph: Subgraph
    target: str = ""

    def tensor(self, index: int) -> Tensor | None:
        """Return a tensor, None if it is left out or the index dangles."""
        return self.graph.tensors[index] if 0 <= index < len(self.graph.tensors) else None

    def inputs(self, operator: Operator) -> list[Tensor | None]:
        """Return the operator's input tensors, None where one is left out or dangles."""
        return [self.tensor(index) for index in operator.inputs]

    def outputs(self, operator: Operator) -> list[Tensor]:
        """Return the operator's output tensors that exist."""
        return [tensor for tensor in map(self.tensor, operator.outputs) if tensor is not None]

    @cached_property
    def products(self) -> tuple[Product, ...]:
        """Convolutions and matrix products whose tensors all exist."""
        return tuple(self._products())

    def _products(self) -> Iterator[Product]:
        for operator in self.graph.operators:
            if operator.name not in WEIGHTED:
                continue
            places, axis = WEIGHTED[operator.name][:3], WEIGHTED[operator.name][3]
            source, weights, bias = (
                self.tensor(operator.inputs[p]) if p < len(operator.inputs) else None for p in places
            )
            result = self.tensor(operator.outputs[0]) if operator.outputs else None
            if source is not None and weights is not None and result is not None:
                yield Product(operator, source, weights, bias, result, axis)

    @cached_property
    def weight_indices(self) -> frozenset[int]:
        """Indices of tensors that serve as weights or biases of a known operator."""
        weights = {product.weights.index for product in self.products}
        return frozenset(weights | {p.bias.index for p in self.products if p.bias is not None})

    def finding(
        self,
        code: str,
        values: str,
        *,
        operator: Operator | None = None,
        tensor: Tensor | None = None,
        related: tuple[Tensor, ...] = (),
    ) -> AuditFinding:
        """Return a finding of rule `code` in this subgraph."""
        return AuditFinding(
            code=code,
            severity=RULES[code].severity,
            subgraph=self.graph.index,
            operator=operator.index if operator else -1,
            operator_name=operator.name if operator else "",
            tensor=tensor.index if tensor else -1,
            tensor_name=tensor.name if tensor else "",
            related=tuple(other.index for other in related),
            values=values,
        )


def is_usable(scale: float) -> bool:
    """Return whether a scale is a positive, finite, normal float32."""
    return math.isfinite(scale) and scale >= SMALLEST_NORMAL


def values_of(tensor: Tensor | None) -> NDArray[np.generic] | None:
    """Return a constant's values, None if there are none or they do not fill the shape."""
    if tensor is None or not tensor.data or tensor.is_sparse or tensor.dtype not in NUMPY_TYPES:
        return None
    try:
        return tensor.array()
    except ModelFileError:
        return None


def some(indices: NDArray[np.integer] | list[int], what: str = "channel") -> str:
    """Return "channels 1, 2, 3 and 14 more"."""
    numbers = [int(index) for index in indices]
    shown = ", ".join(map(str, numbers[:4]))
    more = f" and {len(numbers) - 4} more" if len(numbers) > 4 else ""
    return f"{what}{'s' if len(numbers) > 1 else ''} {shown}{more}"
