"""Layer by layer against the float model: where does a variant part from it, and is what it loses that layer's own?"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import pytest

from tinygate.compare.graphs import DIVERGENCE_DB, Comparison, compare_graphs
from tinygate.compare.runtimes import compare_runtimes
from tinygate.compare.sensitivity import sensitivity
from tinygate.model.config import Margin
from tinygate.model.folder import Model
from tinygate.oracle.execution import execution
from tinygate.tflite import read_model
from tinygate.verdict import Finding, Verdict

Judge = Callable[[Finding], None]
Margin = tuple[Model, Margin]


@cache
def comparison(model: Model, limit: Margin) -> Comparison:
    """The variant against what its margin names, on the whole test set."""
    test = model.dataset.test
    pair = [execution(model.variant(name).content, test.inputs) for name in (limit.relative_to, limit.variant)]
    names = (limit.relative_to, limit.variant)
    labels = test.labels if test.has("labels") else None
    return compare_graphs(*pair, names, labels, test.clusters, limit.max_drop_points, model.config.task)


def _finding(
    margin: Margin, figure: str, value: float | str, limit: str, verdict: Verdict | None, reason: str
) -> Finding:
    model, names = margin
    file = str(model.variant_path(names.variant))
    shared = (model.name, names.variant, "host", f"layers against {names.relative_to}", figure)
    return Finding(*shared, value, limit, verdict, file, reason)


def _decibels(value: float) -> float | str:
    return "equal" if value == math.inf else round(value, 1)


def test_most_layers_find_their_counterpart(margin: Margin, judge: Judge) -> None:
    found = comparison(*margin)
    alone = found.reference_only + found.candidate_only
    reason = f"Layers compared: {len(found.layers)}." + (f" Not matched: {', '.join(alone)}." if alone else "")
    verdict = Verdict.PASS if len(found.layers) >= len(found.candidate_only) else Verdict.INCONCLUSIVE
    judge(_finding(margin, "unmatched_layers", len(alone), "fewer than matched ones", verdict, reason))


def test_no_layer_parts_from_the_reference(margin: Margin, judge: Judge) -> None:
    layers = comparison(*margin).layers
    worst = min(layers, key=lambda layer: layer.sqnr_db)
    place = f"operator {worst.candidate_operator} {worst.kind}"
    reason = f"Signal over noise of {place}, the lowest of {len(layers)} layers."
    verdict = Verdict.PASS if worst.sqnr_db >= DIVERGENCE_DB else Verdict.FAIL
    judge(_finding(margin, "lowest_layer_sqnr_db", _decibels(worst.sqnr_db), f"≥ {DIVERGENCE_DB:g}", verdict, reason))


def test_what_quantization_costs_is_recorded(margin: Margin, judge: Judge) -> None:
    answers = comparison(*margin).answers
    if answers.paired is None:
        reason = f"Signal over noise of the outputs, which are no classes; mean difference {answers.output_error:.3g}."
        judge(_finding(margin, "logit_sqnr_db", _decibels(answers.output_sqnr_db), "", None, reason))
        return
    reason = (
        f"Signal over noise before softmax. Predictions that flip: {answers.logit_flips} by logits, "
        f"{answers.output_flips} by outputs, {answers.ties} ties; class {answers.paired.worst_class} loses most, "
        f"{answers.paired.worst_class_drop_points:.1f} points."
    )
    assert answers.logit_sqnr_db > 0
    judge(_finding(margin, "logit_sqnr_db", _decibels(answers.logit_sqnr_db), "", None, reason))


def test_the_costliest_layer_is_recorded(margin: Margin, judge: Judge) -> None:
    model, limit = margin
    inputs = model.dataset.test.inputs[::3]
    if read_model(model.variant(limit.relative_to).content).input.dtype != "float32":
        pytest.skip(f"{limit.relative_to} is no float model that could be made coarse layer by layer")
    pair = [execution(model.variant(name).content, inputs) for name in (limit.relative_to, limit.variant)]
    *alone, together = sensitivity(*pair)
    costs = {f"{cost.operator} {cost.kind}": cost.both.logit_sqnr_db for cost in alone if cost.both}
    name = min(costs, key=lambda key: costs[key])
    assert together.both is not None
    assert together.both.logit_sqnr_db <= costs[name] + 1.0  # errors add up; a decibel for those that cancel
    reason = (
        f"Quantized alone in {limit.relative_to}, it leaves {costs[name]:.1f} dB at the logits; all layers together "
        f"{together.both.logit_sqnr_db:.1f} dB."
    )
    judge(_finding(margin, "costliest_layer", name, "", None, reason))


def test_no_int8_layer_has_a_bias_of_a_whole_step(margin: Margin) -> None:
    biased = [layer for layer in comparison(*margin).layers if layer.dtype == "int8" and abs(layer.lsb_mean or 0.0) > 1]
    assert not biased, [(layer.candidate_operator, layer.kind, layer.lsb_mean) for layer in biased]


def test_logits_and_outputs_tell_the_same_story(margin: Margin) -> None:
    """Softmax may make ties of what was not tied, and no more than that."""
    answers = comparison(*margin).answers
    assert abs(answers.logit_flips - answers.output_flips) <= answers.ties


def test_litert_reference_kernels_agree_up_to_the_rounding_of_fully_connected(margin: Margin) -> None:
    model, limit = margin
    content, inputs = model.variant(limit.variant).content, model.dataset.test.inputs[::4]
    one, other = execution(content, inputs), execution(content, inputs, "litert-ref")
    differing = [found for found in compare_runtimes(one, other).operators if (found.largest_lsb or 0) > 0]
    assert not differing or differing[0].kind in ("FULLY_CONNECTED", "SOFTMAX"), differing[0]
