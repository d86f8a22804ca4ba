"""Explains why another runtime or a board answered differently: which operator, which element, which rounding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.interpreter.execution import Interpretation, Rounder, interpret
from tinygate.interpreter.products import PRODUCTS, requantization_of
from tinygate.interpreter.rounding import Rounding
from tinygate.tflite.model import Operator, TfliteModel


@dataclass(frozen=True)
class Divergence:
    """The first element, in order of execution, that differs.

    Attributes:
        operator, operator_name: who computed it; tensor: index of its output.
        sample: which input; element: place in the tensor's shape.
        expected, observed: codes, TFLM's and the other's.
        differing: number of elements of this tensor that differ; largest: largest difference in codes.
        accumulator: the 32-bit sum, None for operators without one.
        exact: accumulator · multiplier + zero point before rounding and clamping; None likewise.
        agrees_with: roundings that give the observed code here.
    """

    operator: int
    operator_name: str
    tensor: int
    sample: int
    element: tuple[int, ...]
    expected: int
    observed: int
    differing: int
    largest: int
    accumulator: int | None
    exact: float | None
    agrees_with: tuple[Rounding, ...]

    def sentence(self) -> str:
        """Return the divergence in one sentence or two."""
        where = f"operator {self.operator} {self.operator_name}, sample {self.sample}, element {self.element}"
        text = (
            f"First difference at {where}: expected code {self.expected}, observed {self.observed} "
            f"({self.differing} elements of tensor {self.tensor} differ, by {self.largest} at most)."
        )
        if self.exact is None:
            return text
        ways = " or ".join(self.agrees_with)
        reason = f"{ways} rounding gives the observed code" if ways else "no known rounding gives the observed code"
        return f"{text} Accumulator {self.accumulator} stands for {self.exact:.6f}: {reason}."


@dataclass(frozen=True)
class RoundingFit:
    """How well a way of rounding explains observed outputs.

    Attributes:
        name: "double everywhere", "single in operator 3 CONV_2D, double elsewhere", …
        mismatches: samples whose output it does not reproduce exactly.
    """

    name: str
    mismatches: int


def first_divergence(
    model: TfliteModel, inputs: NDArray[Any], observed: Mapping[int, NDArray[Any]]
) -> Divergence | None:
    """Return where observed tensors first differ from TFLM's arithmetic, None if they do not.

    Args:
        model: a quantized model.
        inputs: [N, ...] in the model's input type.
        observed: values by tensor index, [N, ...]; as many tensors as there are, outputs alone will do.

    Raises:
        DataError: an observed tensor that the model does not compute, or of another size.
    """
    run = interpret(model, inputs)
    for index, values in observed.items():
        if index not in run.tensors or values.size != run.tensors[index].size:
            raise DataError(f"observed tensor {index} of shape {values.shape} is none that the model computes.")
    for operator in model.main.operators:
        index = operator.outputs[0]
        if index in observed:
            found = _compare(model, operator, run, observed[index])
            if found is not None:
                return found
    return None


def _compare(model: TfliteModel, operator: Operator, run: Interpretation, values: NDArray[Any]) -> Divergence | None:
    index = operator.outputs[0]
    expected = run.tensors[index].astype(np.int64)
    seen = values.reshape(expected.shape).astype(np.int64)
    differing = np.argwhere(expected != seen)
    if not len(differing):
        return None
    place = tuple(int(i) for i in differing[0])
    is_product = operator.name in PRODUCTS
    reasons = _reasons(model, operator, run, place, int(seen[place])) if is_product else (None, None, ())
    return Divergence(
        operator=operator.index,
        operator_name=operator.name,
        tensor=index,
        sample=place[0],
        element=place[1:],
        expected=int(expected[place]),
        observed=int(seen[place]),
        differing=len(differing),
        largest=int(np.abs(expected - seen).max()),
        accumulator=reasons[0],
        exact=reasons[1],
        agrees_with=reasons[2],
    )


def _reasons(
    model: TfliteModel, operator: Operator, run: Interpretation, place: tuple[int, ...], observed: int
) -> tuple[int, float, tuple[Rounding, ...]]:
    inputs = [model.main.tensors[index] for index in operator.inputs if index >= 0]
    last_step = requantization_of(operator, inputs, model.main.tensors[operator.outputs[0]])
    sums = run.accumulators[operator.index][place[:-1]]
    channel = place[-1]
    multiplier = np.broadcast_to(last_step.multipliers, sums.shape)[channel]
    agrees = tuple(way for way in Rounding if int(last_step(sums, way)[channel]) == observed)
    accumulator = int(sums[channel])
    return accumulator, accumulator * float(multiplier) + last_step.zero_point, agrees


def fit_roundings(model: TfliteModel, inputs: NDArray[Any], outputs: NDArray[Any]) -> tuple[RoundingFit, ...]:
    """Return how well each way of rounding reproduces observed `outputs` [N, ...], best first.

    Tried are each rounding everywhere, and in one kind of operator or one operator alone with TFLM's elsewhere.
    """
    fits = []
    for name, rounder in _hypotheses(model):
        expected = interpret(model, inputs, rounder).outputs
        differs = (expected != outputs.reshape(expected.shape)).reshape(len(expected), -1).any(axis=1)
        fits.append(RoundingFit(name, int(differs.sum())))
    return tuple(sorted(fits, key=lambda fit: fit.mismatches))


def _hypotheses(model: TfliteModel) -> Iterator[tuple[str, Rounder]]:
    operators = [operator for operator in model.main.operators if operator.name in PRODUCTS]
    for way in Rounding:
        yield f"{way} everywhere", lambda operator, way=way: way  # type: ignore[misc]
    for way in (Rounding.SINGLE, Rounding.FLOAT):
        for kind in dict.fromkeys(operator.name for operator in operators):
            yield f"{way} in {kind}, double elsewhere", _in_kind(kind, way)
        for operator in operators:
            yield f"{way} in operator {operator.index} {operator.name}, double elsewhere", _in_one(operator.index, way)


def _in_kind(kind: str, way: Rounding) -> Rounder:
    return lambda operator: way if operator.name == kind else Rounding.DOUBLE


def _in_one(index: int, way: Rounding) -> Rounder:
    return lambda operator: way if operator.index == index else Rounding.DOUBLE
