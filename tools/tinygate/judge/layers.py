"""Layer by layer against the reference: where a variant parts from it, and which layer costs most."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from functools import cache

from tinygate.compare.graphs import Comparison, compare_graphs
from tinygate.compare.sensitivity import sensitivity
from tinygate.data.hashing import arrays_sha256
from tinygate.model.folder import Model
from tinygate.model.tables import Margin
from tinygate.oracle.execution import execution
from tinygate.places import HOST
from tinygate.store.results import kept
from tinygate.tflite import read_model
from tinygate.verdict import Finding, Verdict

_EVERY = 3  # windows of which one is used where each layer needs an execution of its own


@dataclass(frozen=True)
class Layers:
    """What a comparison of two variants found. Decibels are signal over noise; infinity means equal.

    Attributes:
        matched: layers that were compared; unmatched: names of those that have no counterpart.
        candidate_only: how many of the unmatched are the candidate's.
        lowest_db, lowest_place: the layer that differs most.
        bias_lsb, bias_place: the int8 layer whose mean error is largest, in steps of its scale.
        logit_db, answers: what is left before softmax, and what it does to the answers.
        names, sqnr_db: each layer that was compared, and its signal over noise.
        costliest, costliest_db, together_db: the layer that costs most when it alone is quantized, and all of them; ""
            where the reference is no float model.
    """

    matched: int
    unmatched: tuple[str, ...]
    candidate_only: int
    lowest_db: float
    lowest_place: str
    bias_lsb: float
    bias_place: str
    logit_db: float
    answers: str
    names: tuple[str, ...]
    sqnr_db: tuple[float, ...]
    costliest: str
    costliest_db: float
    together_db: float


@cache
def layers_of(model: Model, margin: Margin) -> Layers:
    """Compare a margin's two variants layer by layer over the test set; kept on disk by content."""
    test = model.dataset.test
    names = (margin.relative_to, margin.variant)
    contents = [model.variant(name).content for name in names]
    depends_on: list[str | bytes] = [repr(margin), model.config.task, *contents, arrays_sha256(test)]
    found = kept("layers", depends_on, lambda: asdict(_compare(model, margin)))
    lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return Layers(**{**found, **lists})


def _compare(model: Model, margin: Margin) -> Layers:
    test, names = model.dataset.test, (margin.relative_to, margin.variant)
    pair = [execution(model.variant(name).content, test.inputs) for name in names]
    labels = test.labels if test.has("labels") else None
    limit, task = margin.max_drop_points, model.config.task
    found = compare_graphs(pair[0], pair[1], names, labels, test.clusters, limit, task)
    lowest = min(found.layers, key=lambda layer: layer.sqnr_db)
    int8 = [layer for layer in found.layers if layer.dtype == "int8" and layer.lsb_mean is not None]
    biased = max(int8, key=lambda layer: abs(layer.lsb_mean or 0.0), default=None)
    costliest, costliest_db, together_db = _costliest(model, margin)
    return Layers(
        matched=len(found.layers),
        unmatched=(*found.reference_only, *found.candidate_only),
        candidate_only=len(found.candidate_only),
        lowest_db=lowest.sqnr_db,
        lowest_place=f"operator {lowest.candidate_operator} {lowest.kind}",
        bias_lsb=abs(biased.lsb_mean or 0.0) if biased else 0.0,
        bias_place=f"operator {biased.candidate_operator} {biased.kind}" if biased else "",
        logit_db=found.answers.logit_sqnr_db if found.answers.paired else found.answers.output_sqnr_db,
        answers=_answers(found),
        names=tuple(f"{layer.candidate_operator} {layer.kind}" for layer in found.layers),
        sqnr_db=tuple(layer.sqnr_db for layer in found.layers),
        costliest=costliest,
        costliest_db=costliest_db,
        together_db=together_db,
    )


def _answers(found: Comparison) -> str:
    answers = found.answers
    if answers.paired is None:
        return f"Signal over noise of the outputs, which are no classes; mean difference {answers.output_error:.3g}."
    return (
        f"Signal over noise before softmax. Predictions that flip: {answers.logit_flips} by logits, "
        f"{answers.output_flips} by outputs, {answers.ties} ties; class {answers.paired.worst_class} loses most, "
        f"{answers.paired.worst_class_drop_points:.1f} points."
    )


def _costliest(model: Model, margin: Margin) -> tuple[str, float, float]:
    if read_model(model.variant(margin.relative_to).content).input.dtype != "float32":
        return "", math.inf, math.inf
    inputs = model.dataset.test.inputs[::_EVERY]
    pair = [execution(model.variant(name).content, inputs) for name in (margin.relative_to, margin.variant)]
    *alone, together = sensitivity(pair[0], pair[1])
    costs = {f"{cost.operator} {cost.kind}": cost.both.logit_sqnr_db for cost in alone if cost.both}
    if not costs or together.both is None:
        return "", math.inf, math.inf
    name = min(costs, key=lambda key: costs[key])
    return name, costs[name], together.both.logit_sqnr_db


def judge_matching(model: Model, margin: Margin) -> Finding:
    """Judge whether enough layers were compared for the comparison to mean something."""
    found = layers_of(model, margin)
    names = f" Not matched: {', '.join(found.unmatched)}." if found.unmatched else ""
    enough = found.matched >= found.candidate_only
    verdict = Verdict.PASS if enough else Verdict.INCONCLUSIVE
    reason = f"Layers compared: {found.matched}.{names}"
    return _finding(model, margin, "unmatched_layers", len(found.unmatched), "fewer than matched", verdict, reason)


def judge_lowest(model: Model, margin: Margin) -> Finding:
    """Judge the layer that differs most from the reference's."""
    found, limit = layers_of(model, margin), model.config.thresholds.layer_sqnr_db
    key = f"thresholds.layer_sqnr_db in {model.config_path}"
    reason = f"Signal over noise of {found.lowest_place}, the lowest of {found.matched} layers; the limit is {key}."
    verdict = Verdict.PASS if found.lowest_db >= limit else Verdict.FAIL
    finding = _finding(model, margin, "lowest_layer_sqnr_db", _db(found.lowest_db), f"≥ {limit:g}", verdict, reason)
    layers = {"names": found.names, "sqnr_db": [_db(value) for value in found.sqnr_db]}
    return replace(finding, detail={"layers": layers})


def judge_bias(model: Model, margin: Margin) -> Finding:
    """Judge the int8 layer whose error has the largest mean."""
    found, limit = layers_of(model, margin), model.config.thresholds.layer_bias_lsb
    key = f"thresholds.layer_bias_lsb in {model.config_path}"
    reason = f"Mean error of {found.bias_place} in steps of its scale; the limit is {key}." if found.bias_place else ""
    verdict = Verdict.PASS if found.bias_lsb <= limit else Verdict.FAIL
    return _finding(model, margin, "largest_layer_bias_lsb", round(found.bias_lsb, 3), f"≤ {limit:g}", verdict, reason)


def record_answers(model: Model, margin: Margin) -> Finding:
    """Record what quantization leaves at the logits."""
    found = layers_of(model, margin)
    return _finding(model, margin, "logit_sqnr_db", _db(found.logit_db), "", None, found.answers)


def record_costliest(model: Model, margin: Margin) -> Finding | None:
    """Record which layer costs most; None where the reference is no float model."""
    found = layers_of(model, margin)
    if not found.costliest:
        return None
    reason = (
        f"Quantized alone in {margin.relative_to}, it leaves {found.costliest_db:.1f} dB at the logits; all layers "
        f"together {found.together_db:.1f} dB."
    )
    return _finding(model, margin, "costliest_layer", found.costliest, "", None, reason)


def _db(value: float) -> float | str:
    return "equal" if value == math.inf else round(value, 1)


def _finding(
    model: Model,
    margin: Margin,
    figure: str,
    value: float | str,
    limit: str,
    verdict: Verdict | None,
    reason: str,
) -> Finding:
    file = str(model.variant_path(margin.variant))
    shared = (model.name, margin.variant, HOST, f"layers against {margin.relative_to}", figure)
    return Finding(*shared, value, limit, verdict, file, reason)
