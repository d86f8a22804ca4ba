"""A subgraph made ready for checking: its tensors by role, and findings about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import Product, RowSums, row_sums
from tinygate.audit.rules import RULES
from tinygate.tflite.model import Operator, Subgraph, Tensor, TfliteModel
from tinygate.tflite.schema import OPERATORS
from tinygate.tflm.operators import WEIGHTED

_LONGEST_NAME = 200

# operator → inputs whose values say which shape the output has
_SHAPED_BY = {
    "RESHAPE": (1,), "PAD": (1,), "PADV2": (1,), "MIRROR_PAD": (1,), "SLICE": (1, 2), "STRIDED_SLICE": (1, 2, 3),
    "SPACE_TO_BATCH_ND": (1, 2), "BATCH_TO_SPACE_ND": (1, 2), "RESIZE_BILINEAR": (1,), "RESIZE_NEAREST_NEIGHBOR": (1,),
    "TRANSPOSE_CONV": (0,), "FILL": (0,), "TILE": (1,), "BROADCAST_TO": (1,), "RANGE": (0, 1, 2), "SPLIT_V": (1,),
    "EXPAND_DIMS": (1,), "WHERE": (0,), "UNIQUE": (0,),
}  # fmt: skip
_CHANNELS_PER_FILE_BYTE = 2
_CHANNELS_AT_LEAST = 100_000


@dataclass(frozen=True)
class View:
    """A subgraph under audit."""

    model: TfliteModel
    graph: Subgraph
    target: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

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
        """Convolutions and matrix products whose tensors all exist; see `has_too_many_channels`."""
        return tuple(self._products())

    @cached_property
    def has_too_many_channels(self) -> bool:
        """Whether so many operators share the same weights that `products` stops before the last."""
        weighted = sum(op.name in WEIGHTED and self._is_whole(op) for op in self.graph.operators)
        return len(self.products) < weighted

    def _products(self) -> Iterator[Product]:
        sums: dict[tuple[int, int], RowSums | None] = {}
        channels_left = _CHANNELS_AT_LEAST + _CHANNELS_PER_FILE_BYTE * self.model.size_bytes
        for operator in self.graph.operators:
            if operator.name not in WEIGHTED or not self._is_whole(operator):
                continue
            places = WEIGHTED[operator.name]
            source, weights, bias = (
                self.tensor(operator.inputs[p]) if p < len(operator.inputs) else None
                for p in (places.source, places.weights, places.bias)
            )
            result = self.tensor(operator.outputs[0])
            assert source is not None
            assert weights is not None
            assert result is not None
            key = (weights.index, places.axis)
            if key not in sums:
                sums[key] = row_sums(weights, places.axis)
            found = sums[key]
            channels_left -= max(len(weights.scales), len(found.largest) if found else 0, 1)
            if channels_left < 0:
                return
            yield Product(operator, source, weights, bias, result, places.axis, found)

    def _is_whole(self, operator: Operator) -> bool:
        """Whether input, weights and output exist."""
        places = WEIGHTED[operator.name]
        needed = [operator.inputs[p] for p in (places.source, places.weights) if p < len(operator.inputs)]
        needed += operator.outputs[:1]
        return len(needed) == 3 and all(self.tensor(index) is not None for index in needed)

    @cached_property
    def weight_indices(self) -> frozenset[int]:
        """Indices of tensors that serve as weights or biases of a known operator."""
        weights = {product.weights.index for product in self.products}
        return frozenset(weights | {p.bias.index for p in self.products if p.bias is not None})

    @cached_property
    def _usual_types(self) -> Counter[str]:
        """How many activations have each type."""
        return Counter(tensor.dtype for tensor in self.graph.tensors if not tensor.is_constant)

    def oddest(self, *tensors: Tensor) -> Tensor:
        """Return the tensor whose type is the rarest among the graph's activations; the first of equals."""
        return min(tensors, key=lambda tensor: self._usual_types[tensor.dtype])

    @cached_property
    def softmax_outputs(self) -> frozenset[int]:
        """Indices of tensors that SOFTMAX writes."""
        return frozenset(i for op in self.graph.operators if op.name == "SOFTMAX" for i in op.outputs)

    @cached_property
    def run_time_shapes(self) -> frozenset[int]:
        """Indices of tensors whose shape an operator computes at run time: the file holds placeholders for them."""
        found: set[int] = set()
        for operator in self.graph.operators:
            inputs = self.inputs(operator)
            places = _SHAPED_BY.get(operator.name, ())
            described = [inputs[p] for p in places if p < len(inputs)]
            computed = any(t is not None and not t.is_constant for t in described)
            if computed or operator.name not in OPERATORS or not found.isdisjoint(operator.inputs):
                found.update(operator.outputs)
        return frozenset(found)

    def is_placed_at_run_time(self, *tensors: Tensor | None) -> bool:
        """Whether one of the tensors has a dimension besides the batch that is known at run time only."""
        chosen = [t for t in tensors if t is not None and t.index in self.run_time_shapes]
        return any(-1 in t.shape_signature[1:] or t.shape_signature == (-1,) for t in chosen)

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
            operator_name=operator.name[:_LONGEST_NAME] if operator else "",
            tensor=tensor.index if tensor else -1,
            tensor_name=tensor.name[:_LONGEST_NAME] if tensor else "",
            related=tuple(other.index for other in related),
            values=values[: 3 * _LONGEST_NAME],
        )


def some(indices: NDArray[np.integer] | list[int], what: str = "channel") -> str:
    """Return "channels 1, 2, 3, 4 and 14 more" for indices [N]."""
    shown = ", ".join(str(int(index)) for index in indices[:4])
    more = f" and {len(indices) - 4} more" if len(indices) > 4 else ""
    return f"{what}{'s' if len(indices) > 1 else ''} {shown}{more}"
