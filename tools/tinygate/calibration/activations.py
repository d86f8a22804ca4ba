"""What the float model's tensors reach on given samples, and what the integer model's tensors can hold."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygate.compare.execution import chunks, is_affine
from tinygate.compare.match import match_layers
from tinygate.compare.sensitivity import moves_only
from tinygate.oracle.execution import execution
from tinygate.quant.affine import choose_asymmetric
from tinygate.tflite import TfliteModel, read_model
from tinygate.tflm.operators import FIXED_OUTPUT_OPERATORS


@dataclass(frozen=True)
class RangedTensor:
    """A tensor whose range calibration chose.

    Attributes:
        place: "input" or "operator 4 FULLY_CONNECTED", by the integer model's numbers.
        float_index: its index in the float model; index: in the integer model.
        scale, zero_point, qmin, qmax: the integer model's.
    """

    place: str
    float_index: int
    index: int
    scale: float
    zero_point: int
    qmin: int
    qmax: int

    @property
    def low(self) -> float:
        """The smallest real value that a code stands for."""
        return self.scale * (self.qmin - self.zero_point)

    @property
    def high(self) -> float:
        """The largest real value that a code stands for."""
        return self.scale * (self.qmax - self.zero_point)

    @property
    def is_symmetric(self) -> bool:
        """Whether the range must reach as far below 0 as above: of int16, whose zero point is 0."""
        return self.qmax > 255

    def from_values(self, low: float, high: float) -> RangedTensor:
        """Return the same tensor with the range that values from low to high would have given it."""
        if self.is_symmetric:
            low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
        chosen = choose_asymmetric(low, high, self.qmin, self.qmax)
        return RangedTensor(
            self.place, self.float_index, self.index, chosen.scale, chosen.zero_point, self.qmin, self.qmax
        )


def ranged_tensors(float_model: TfliteModel, model: TfliteModel) -> tuple[RangedTensor, ...]:
    """Return the tensors of an integer model whose ranges were calibrated, with their float counterparts.

    Raises:
        ModelFileError: the models have no layer in common.
    """
    pairs = [("input", float_model.input, model.input)]
    for ours, theirs in match_layers(float_model, model).pairs:
        if theirs.kind not in FIXED_OUTPUT_OPERATORS and not moves_only(model, theirs):
            pairs.append((f"operator {theirs.operator.index} {theirs.kind}", ours.result, theirs.result))
    found = []
    for place, source, tensor in pairs:
        if is_affine(tensor):
            limits = np.iinfo(np.dtype(tensor.dtype))
            affine = (tensor.scales[0], tensor.zero_points[0], int(limits.min), int(limits.max))
            found.append(RangedTensor(place, source.index, tensor.index, *affine))
    return tuple(found)


class FloatModel:
    """The float model, run on samples."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.model = read_model(content)
        self._known: dict[Hashable, list[NDArray[np.float32]]] = {}

    def extremes(self, inputs: NDArray[np.float32], tensors: Sequence[int]) -> list[tuple[float, float]]:
        """Return the smallest and largest value of each tensor on `inputs` [N, ...]."""
        run = execution(self.content, inputs)
        lows, highs = np.full(len(tensors), np.inf), np.full(len(tensors), -np.inf)
        for rows in chunks(len(inputs), run.row_bytes(tensors)):
            values = run.real(tensors, rows)
            lows = np.minimum(lows, [float(v.min()) for v in values])
            highs = np.maximum(highs, [float(v.max()) for v in values])
        return list(zip(lows.tolist(), highs.tolist(), strict=True))

    def values(self, inputs: NDArray[np.float32], tensors: Sequence[int]) -> list[NDArray[np.float32]]:
        """Return the values of each tensor on `inputs`, [N, elements] each; kept for the next model that asks."""
        key = (hashlib.sha256(inputs.tobytes()).digest(), tuple(tensors))
        if key not in self._known:
            self._known = {key: execution(self.content, inputs).real(tensors, slice(None))}
        return self._known[key]
