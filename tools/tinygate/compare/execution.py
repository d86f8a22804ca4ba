"""A model with its inputs and the runtime that computes any of its tensors: what a comparison is made of.

This package knows no runtime: whoever compares hands one in (`tinygate.oracle.execution` makes them).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.tflite import Tensor, TfliteModel
from tinygate.tflite.model import NUMPY_TYPES

Run = Callable[[bytes, NDArray[Any], Sequence[int]], Sequence[NDArray[Any]]]
"""Model content, raw inputs [n, ...] and tensor indices to one raw array [n, ...] per tensor."""

CHUNK_BYTES = 64 << 20
_SMALLEST_NORMAL = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Execution:
    """A model on a batch of inputs.

    Attributes:
        content: the .tflite file; model: the same, parsed.
        inputs: [N, ...] in the type of the model's input.
        run: computes tensors; runtime: its name, "tflm".
    """

    content: bytes
    model: TfliteModel
    inputs: NDArray[Any]
    run: Run
    runtime: str

    def __len__(self) -> int:
        return len(self.inputs)

    def raw(self, tensors: Sequence[int], rows: slice) -> list[NDArray[Any]]:
        """Return the raw values of `tensors` for some of the samples, [n, elements] each."""
        chosen = self.inputs[rows]
        answers = self.run(self.content, chosen, tensors)
        return [answer.reshape(len(chosen), -1) for answer in answers]

    def real(self, tensors: Sequence[int], rows: slice) -> list[NDArray[np.float32]]:
        """Return the real values of `tensors` for some of the samples, [n, elements] each."""
        return [
            real_values(self.model.main.tensors[i], raw)
            for i, raw in zip(tensors, self.raw(tensors, rows), strict=True)
        ]

    def row_bytes(self, tensors: Sequence[int]) -> int:
        """Return what one sample's values of `tensors` take."""
        found = (self.model.main.tensors[i] for i in tensors)
        return sum(tensor.element_count * np.dtype(NUMPY_TYPES[tensor.dtype]).itemsize for tensor in found)


def chunks(samples: int, row_bytes: int) -> Iterator[slice]:
    """Yield slices of samples whose values fit into CHUNK_BYTES, one sample at least."""
    size = max(1, CHUNK_BYTES // max(1, row_bytes))
    for start in range(0, samples, size):
        yield slice(start, min(start + size, samples))


def is_affine(tensor: Tensor) -> bool:
    """Whether a tensor's codes stand for real values by one zero point and one scale, finite and not 0."""
    if tensor.dtype not in ("int8", "uint8", "int16") or not len(tensor.scales) == len(tensor.zero_points) == 1:
        return False
    return math.isfinite(tensor.scales[0]) and abs(tensor.scales[0]) >= _SMALLEST_NORMAL


def is_comparable(tensor: Tensor) -> bool:
    """Whether a tensor holds real values, as floats or as codes."""
    return tensor.dtype == "float32" or is_affine(tensor)


def real_values(tensor: Tensor, raw: NDArray[Any]) -> NDArray[np.float32]:
    """Return the real values that `raw` values of a comparable tensor stand for, in the same shape."""
    real = raw.astype(np.float32)
    if is_affine(tensor):
        real -= np.float32(tensor.zero_points[0])
        real *= np.float32(tensor.scales[0])
    return real
