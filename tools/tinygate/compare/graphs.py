"""A reference and a candidate model on the same samples: errors layer by layer, and what they cost in answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.compare.execution import Execution, chunks, real_values
from tinygate.compare.layers import Layer, logits_of
from tinygate.compare.match import Match, match_layers
from tinygate.compare.measure import Accumulator, LayerError, sqnr_db
from tinygate.data.classes import classes_of
from tinygate.errors import DataError
from tinygate.paired import PairedComparison, compare_paired
from tinygate.verdict import Verdict

DIVERGENCE_DB = 20.0
"""A layer with less signal over noise than this has diverged: its error is a tenth of its values."""
_AS_GOOD_AS_EQUAL_DB = 100.0
STRANGERS = 0.5
"""Layers of a model and of its quantization correlate by 0.9 and more, those of two trainings hardly at all."""
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


@dataclass(frozen=True)
class Answers:
    """What the models answer.

    Attributes:
        reference_accuracy_percent, candidate_accuracy_percent: None without labels.
        logit_sqnr_db: of the tensor before SOFTMAX or LOGISTIC, or of the output if there is none.
        logit_flips: predictions that differ by the logits; output_flips: by the outputs, as firmware sees them.
        ties: samples whose highest output the candidate gives to several classes; the lowest index wins.
        paired: the paired comparison of accuracy. Without labels the reference's answers are taken as the truth.
        labelled: whether there were labels.
        task: "classification", or what else outputs mean: then there are no flips, no ties and no accuracy, and
            `output_sqnr_db` decides.
        output_sqnr_db: of the outputs; output_error: mean absolute difference of the outputs, in real units.
    """

    reference_accuracy_percent: float | None
    candidate_accuracy_percent: float | None
    logit_sqnr_db: float
    logit_flips: int
    output_flips: int
    ties: int
    paired: PairedComparison | None
    labelled: bool
    task: str
    output_sqnr_db: float
    output_error: float

    @property
    def verdict(self) -> Verdict:
        """Whether the candidate loses less than the margin; for other outputs than classes, whether they keep 20 dB."""
        if self.paired is not None:
            return self.paired.verdict
        return Verdict.PASS if self.output_sqnr_db >= DIVERGENCE_DB else Verdict.FAIL


@dataclass(frozen=True)
class Comparison:
    """Two models on the same samples.

    Attributes:
        reference, candidate: what they are called; reference_runtime, candidate_runtime: who computed them.
        samples: how many.
        layers: matched layers in the candidate's order.
        reference_only, candidate_only: layers that could not be matched, "3 RESHAPE".
        answers: predictions and accuracy.
    """

    reference: str
    candidate: str
    reference_runtime: str
    candidate_runtime: str
    samples: int
    layers: tuple[LayerError, ...]
    reference_only: tuple[str, ...]
    candidate_only: tuple[str, ...]
    answers: Answers

    @property
    def first_divergence(self) -> LayerError | None:
        """The first layer with less than DIVERGENCE_DB of signal over noise."""
        return next((layer for layer in self.layers if not layer.sqnr_db >= DIVERGENCE_DB), None)

    @property
    def strangeness(self) -> float | None:
        """The median correlation of the layers that have weights, if so low that the models were trained apart."""
        inner = [layer for layer in self.layers if layer.kind in _WEIGHTED]
        known = [layer.correlation for layer in inner[:-1] or inner if not math.isnan(layer.correlation)]
        median = float(np.median(known)) if known else 1.0
        return median if median < STRANGERS else None

    @property
    def steepest_loss(self) -> LayerError:
        """The layer that loses most of the signal over noise that the layers before it had kept."""
        kept = [min(layer.sqnr_db, _AS_GOOD_AS_EQUAL_DB) for layer in self.layers]
        before = np.minimum.accumulate([max(kept), *kept])
        losses = before[:-1] - kept
        return self.layers[int(np.argmax(losses))]


def compare_graphs(
    reference: Execution,
    candidate: Execution,
    names: tuple[str, str],
    labels: ArrayLike | None,
    clusters: ArrayLike | None,
    margin_points: float,
    task: str = "classification",
) -> Comparison:
    """Compare two models of one architecture on the same samples.

    Args:
        reference, candidate: executions on the same N samples, each with inputs in its own type.
        names: what to call them.
        labels: true classes [N]; None to take the reference's answers as the truth.
        clusters: recording of each sample [N]; None to take samples as independent.
        margin_points: points of accuracy that may be lost.
        task: what outputs mean; classes are compared for "classification" alone.

    Raises:
        ModelFileError: the graphs have nothing in common, or a runtime refuses one of them.
        DataError: lengths that differ.
    """
    if len(reference) != len(candidate):
        raise DataError(f"{len(reference)} samples for one model, {len(candidate)} for the other; expected the same.")
    match = match_layers(reference.model, candidate.model)
    layers, ours, theirs = _one_pass(reference, candidate, match)
    return Comparison(
        *names,
        reference.runtime,
        candidate.runtime,
        len(reference),
        layers,
        _names(match.reference_only),
        _names(match.candidate_only),
        compare_answers(ours, theirs, labels, clusters, margin_points, task),
    )


Values = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Logits and outputs of a model in real units, [N, classes] each."""


def _one_pass(
    reference: Execution, candidate: Execution, match: Match
) -> tuple[tuple[LayerError, ...], Values, Values]:
    """Run every sample once through both models; return layer errors and what both answer."""
    ours, theirs = (
        [*(pair[side].result.index for pair in match.pairs), logits_of(model).index, model.output.index]
        for side, model in enumerate((reference.model, candidate.model))
    )
    sums = [Accumulator(pair[1].result) for pair in match.pairs]
    answers: tuple[list[Values], list[Values]] = [], []
    for rows in chunks(len(reference), reference.row_bytes(ours) + candidate.row_bytes(theirs)):
        before, raw = reference.real(ours, rows), candidate.raw(theirs, rows)
        for total, a, b in zip(sums, before, raw, strict=False):
            total.add(a, b)
        after = [
            real_values(candidate.model.main.tensors[i], raw[k]) for k, i in zip((-2, -1), theirs[-2:], strict=True)
        ]
        answers[0].append((before[-2], before[-1]))
        answers[1].append((after[0], after[1]))
    errors = tuple(_layer_error(*pair, total) for pair, total in zip(match.pairs, sums, strict=True))
    return errors, _joined(answers[0]), _joined(answers[1])


def _joined(pieces: list[Values]) -> Values:
    logits, outputs = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    return logits, outputs


def _layer_error(ours: Layer, theirs: Layer, total: Accumulator) -> LayerError:
    return LayerError(
        kind=theirs.kind,
        reference_operator=ours.operator.index,
        candidate_operator=theirs.operator.index,
        tensor=theirs.result.index,
        tensor_name=theirs.result.name,
        dtype=theirs.result.dtype,
        shape=theirs.result.shape,
        elements=total.elements,
        sqnr_db=total.sqnr_db,
        largest_error=total.largest,
        correlation=total.correlation,
        **total.codes(),
    )


def compare_answers(
    reference: Values,
    candidate: Values,
    labels: ArrayLike | None,
    clusters: ArrayLike | None,
    margin_points: float,
    task: str = "classification",
) -> Answers:
    """Compare predictions, by logits and by outputs; arguments as for `compare_graphs`.

    Raises:
        DataError: outputs of different sizes, or labels that do not fit.
    """
    (our_logits, ours), (their_logits, theirs) = reference, candidate
    count = len(ours)
    if ours.shape != theirs.shape or our_logits.shape != their_logits.shape:
        raise DataError(f"outputs of {ours.shape[1]} and {theirs.shape[1]} values; expected two models of one task.")
    doubles = tuple(values.astype(np.float64) for values in (our_logits, their_logits, ours, theirs))
    quality = (_sqnr_of(*doubles[:2]), _sqnr_of(*doubles[2:]), float(np.abs(doubles[2] - doubles[3]).mean()))
    if task != "classification":
        return Answers(None, None, quality[0], 0, 0, 0, None, labels is not None, task, quality[1], quality[2])
    before, after = classes_of(ours), classes_of(theirs)
    truth = before if labels is None else _of_each_sample(labels, count, "labels")
    groups = np.arange(count) if clusters is None else _of_each_sample(clusters, count, "recordings")
    return Answers(
        reference_accuracy_percent=None if labels is None else 100 * float((before == truth).mean()),
        candidate_accuracy_percent=None if labels is None else 100 * float((after == truth).mean()),
        logit_sqnr_db=quality[0],
        logit_flips=int((classes_of(our_logits, 0.0) != classes_of(their_logits, 0.0)).sum()),
        output_flips=int((before != after).sum()),
        ties=int(((theirs == theirs.max(axis=1, keepdims=True)).sum(axis=1) > 1).sum()) if theirs.shape[1] > 1 else 0,
        paired=compare_paired(truth, before, after, groups, margin_points),
        labelled=labels is not None,
        task=task,
        output_sqnr_db=quality[1],
        output_error=quality[2],
    )


def _sqnr_of(reference: NDArray[np.float64], candidate: NDArray[np.float64]) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return sqnr_db(float((reference**2).sum()), float(((candidate - reference) ** 2).sum()))


def _of_each_sample(values: ArrayLike, count: int, what: str) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer):
        raise DataError(
            f"{what} of shape {array.shape}, type {array.dtype}; expected ({count},) integers, one per sample."
        )
    return array.astype(np.int64)


def _names(layers: Sequence[Layer]) -> tuple[str, ...]:
    return tuple(f"{layer.operator.index} {layer.kind}" for layer in layers)
