"""What does quantizing one layer alone cost? The float model, made coarse in one place at a time.

For every matched layer three float models are run: with the candidate's weights and bias, with the candidate's scale
and zero point behind the layer's result, and with both. What they lose against the untouched float model is that
layer's share. A quantization-aware candidate has other weights on purpose: its "weights" column holds the training too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinygate.compare.execution import Execution, is_affine
from tinygate.compare.layers import Layer, logits_of
from tinygate.compare.match import match_layers, real_constant, weights_of
from tinygate.compare.measure import sqnr_db
from tinygate.compare.simulate import Coarse, simulate
from tinygate.data.classes import classes_of
from tinygate.errors import DataError, ModelFileError
from tinygate.quant.affine import AffineParameters, per_tensor
from tinygate.tflite import Tensor, TfliteModel, read_model

# What these return are values that went in: quantizing them again with the same scale changes nothing.
_MOVES = {"MAX_POOL_2D", "RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE", "STRIDED_SLICE", "PAD", "PACK",
          "UNPACK", "SPLIT", "GATHER", "CONCATENATION"}  # fmt: skip

Coarseness = dict[int, NDArray[np.float64]]


@dataclass(frozen=True)
class Cost:
    """What one change costs: signal over noise of the logits, and predictions that flip."""

    logit_sqnr_db: float
    flips: int


@dataclass(frozen=True)
class LayerCost:
    """What quantizing one layer alone costs.

    Attributes:
        kind, operator, tensor_name: the candidate's layer; "input" for the model's input, "all" for everything at once.
        weights, activation, both: None where there is nothing to quantize.
        note: why something could not be tried, empty otherwise.
    """

    kind: str
    operator: int
    tensor_name: str
    weights: Cost | None
    activation: Cost | None
    both: Cost | None
    note: str = ""


def sensitivity(
    reference: Execution, candidate: Execution, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[LayerCost, ...]:
    """Return the cost of quantizing the input, each matched layer up to the logits, and everything; in order.

    Layers that only move values at the scale they came with have no cost of their own and are left out.

    Args:
        reference: the float model on N samples; its runtime runs the simulated models too.
        candidate: the quantized model; only its constants and scales are used.
        progress: hears of each layer tried, and of how many there are.

    Raises:
        DataError: the reference is not a float model.
        ModelFileError: the graphs have nothing in common.
    """
    if reference.model.input.dtype != "float32":
        raise DataError(f"the reference takes {reference.model.input.dtype}; sensitivity needs the float model.")
    bench = _Bench(reference)
    plans = _plans(reference.model, candidate.model)
    costs = []
    for done, (label, constants, activations, note) in enumerate(plans):
        cost = _layer_cost(bench, label, constants, activations, note)
        costs.append(cost)
        progress(done + 1, len(plans) + 1)
    everything = Coarse(
        {k: v for _, constants, _, _ in plans for k, v in constants.items()},
        {k: v for _, _, activations, _ in plans for k, v in activations.items()},
    )
    costs.append(LayerCost("all", -1, "", None, None, bench.cost(everything)))
    return tuple(costs)


Plan = tuple[tuple[str, int, str], Coarseness, dict[int, AffineParameters], str]


def _plans(reference: TfliteModel, candidate: TfliteModel) -> list[Plan]:
    """Return, for the input and each matched layer, which constants and activations of the float graph change."""
    plans: list[Plan] = []
    given = candidate.input
    if is_affine(given):
        plans.append((("input", -1, given.name), {}, {reference.input.index: parameters_of(given)}, ""))
    last = logits_of(candidate).index
    for ours, theirs in match_layers(reference, candidate).pairs:
        label = (theirs.kind, theirs.operator.index, theirs.result.name)
        constants, note = _constants(reference, ours, candidate, theirs)
        adds = is_affine(theirs.result) and not moves_only(candidate, theirs)
        activations = {ours.result.index: parameters_of(theirs.result)} if adds else {}
        if constants or activations or note:
            plans.append((label, constants, activations, note))
        if theirs.result.index == last:
            break  # what comes after the logits cannot change them
    return plans


def moves_only(candidate: TfliteModel, layer: Layer) -> bool:
    """Whether a layer hands on values, folded into nothing, at the scale they came with."""
    sources = (candidate.main.tensors[index] for index in layer.operator.inputs if index >= 0)
    scales = {(tensor.scales, tensor.zero_points) for tensor in sources if not tensor.is_constant}
    return layer.kind in _MOVES and scales == {(layer.result.scales, layer.result.zero_points)}


def _constants(reference: TfliteModel, ours: Layer, candidate: TfliteModel, theirs: Layer) -> tuple[Coarseness, str]:
    """Return the candidate's real weights and bias by the index of the reference's, and why not if they do not fit."""
    mine, its = weights_of(reference, ours), weights_of(candidate, theirs)
    if not its:
        return {}, ""
    fits = len(mine) == len(its) and all(
        a.shape == b.shape and a.dtype == "float32" for a, b in zip(mine, its, strict=True)
    )
    if not fits or len(ours.folded) > len(theirs.folded):
        return {}, "weights not tried: the converter folded other operators into them"
    try:
        return {a.index: real_constant(b) for a, b in zip(mine, its, strict=True)}, ""
    except ModelFileError as error:
        return {}, f"weights not tried: {error}"


def _layer_cost(
    bench: _Bench,
    label: tuple[str, int, str],
    constants: Coarseness,
    activations: dict[int, AffineParameters],
    note: str,
) -> LayerCost:
    weights = bench.cost(Coarse(constants)) if constants else None
    activation = bench.cost(Coarse({}, activations)) if activations else None
    both = bench.cost(Coarse(constants, activations)) if constants and activations else weights or activation
    return LayerCost(*label, weights, activation, both, note)


def parameters_of(tensor: Tensor) -> AffineParameters:
    """Return the scale and zero point of a tensor of codes.

    Raises:
        DataError: a scale that is not positive and finite.
    """
    limits = np.iinfo(np.dtype(tensor.dtype))
    return per_tensor(tensor.scales[0], tensor.zero_points[0], int(limits.min), int(limits.max))


class _Bench:
    """The float model's own logits, and what a change of the model makes of them."""

    def __init__(self, reference: Execution) -> None:
        self.reference = reference
        self.logits = self._logits(reference)
        self.signal = float((self.logits**2).sum())

    def cost(self, coarse: Coarse) -> Cost:
        """Run the float model with `coarse` applied."""
        content = simulate(self.reference.content, coarse)
        logits = self._logits(replace(self.reference, content=content, model=read_model(content)))
        noise = float(((logits - self.logits) ** 2).sum())
        flips = int((classes_of(logits, 0.0) != classes_of(self.logits, 0.0)).sum())
        return Cost(sqnr_db(self.signal, noise), flips)

    @staticmethod
    def _logits(execution: Execution) -> NDArray[np.float64]:
        (values,) = execution.real((logits_of(execution.model).index,), slice(None))
        return values.astype(np.float64)
