"""One model in two runtimes: which operator is the first to give other values, how many, and by how much?

Every operator is judged on its own: its inputs differ as soon as one before it differs, so that only the first one that
differs is to blame for certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinygate.compare.execution import Execution, chunks, is_comparable, real_values
from tinygate.data.classes import classes_of


@dataclass(frozen=True)
class OperatorDifference:
    """How the results of one operator differ.

    Attributes:
        operator, kind, tensor, tensor_name: which.
        elements: values compared; differing: how many differ at all.
        samples_differing: samples with any such value.
        largest_lsb: largest difference in codes; None for floating point.
        largest_difference: in real units.
        first: sample and element of the first difference, None if there is none.
    """

    operator: int
    kind: str
    tensor: int
    tensor_name: str
    elements: int
    differing: int
    samples_differing: int
    largest_lsb: int | None
    largest_difference: float
    first: tuple[int, int] | None


@dataclass(frozen=True)
class RuntimeComparison:
    """One model in two runtimes.

    Attributes:
        runtimes: their names; samples: how many.
        operators: in execution order; flips: predictions that differ.
    """

    runtimes: tuple[str, str]
    samples: int
    operators: tuple[OperatorDifference, ...]
    flips: int

    @property
    def first_diverging(self) -> OperatorDifference | None:
        """The first operator with other values, None if the runtimes agree to the bit."""
        return next((operator for operator in self.operators if operator.differing), None)


@dataclass
class _Sums:
    elements: int = 0
    differing: int = 0
    samples: int = 0
    largest: float = 0.0
    first: tuple[int, int] | None = None


def compare_runtimes(one: Execution, other: Execution) -> RuntimeComparison:
    """Compare every operator's result in two executions of the same model on the same inputs.

    Floating-point values count as different when they are not equal to the bit.
    """
    model = one.model
    results = [
        (operator, model.main.tensors[operator.outputs[0]]) for operator in model.main.operators if operator.outputs
    ]
    results = [(operator, tensor) for operator, tensor in results if is_comparable(tensor)]
    indices = [tensor.index for _, tensor in results]
    sums = [_Sums() for _ in results]
    flips = 0
    for rows in chunks(len(one), 2 * one.row_bytes(indices)):
        ours, theirs = one.raw(indices, rows), other.raw(indices, rows)
        for total, a, b in zip(sums, ours, theirs, strict=True):
            _add(total, a.astype(np.float64), b.astype(np.float64), rows.start)
        last = indices.index(model.output.index)
        before, after = (classes_of(real_values(model.output, raw[last])) for raw in (ours, theirs))
        flips += int((before != after).sum())
    found = []
    for (operator, tensor), total in zip(results, sums, strict=True):
        is_float = tensor.dtype == "float32"
        found.append(
            OperatorDifference(
                operator.index,
                operator.name,
                tensor.index,
                tensor.name,
                total.elements,
                total.differing,
                total.samples,
                None if is_float else int(total.largest),
                total.largest if is_float else total.largest * tensor.scales[0],
                total.first,
            )
        )
    return RuntimeComparison((one.runtime, other.runtime), len(one), tuple(found), flips)


def _add(total: _Sums, ours: np.ndarray, theirs: np.ndarray, start: int) -> None:
    differs = ours != theirs
    total.elements += differs.size
    total.differing += int(differs.sum())
    total.samples += int(differs.any(axis=1).sum())
    total.largest = max(total.largest, float(np.abs(ours - theirs).max(initial=0.0)))
    if total.first is None and differs.any():
        sample, element = np.argwhere(differs)[0]
        total.first = (start + int(sample), int(element))
