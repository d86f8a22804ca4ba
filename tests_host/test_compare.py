"""Layer by layer against the float model: where does a variant part from it, and is what it loses that layer's own?"""

from __future__ import annotations

from functools import cache

from tinygate.model.config import AccuracyMargin
from tinygate.model.folder import Model
from tinygate.quant.compare.graphs import Comparison, compare_graphs
from tinygate.quant.compare.runtimes import compare_runtimes
from tinygate.reference.execution import execution

Margin = tuple[Model, AccuracyMargin]


@cache
def comparison(model: Model, limit: AccuracyMargin) -> Comparison:
    """The variant against what its margin names, on the whole test set."""
    test = model.dataset.test
    pair = [execution(model.variant(name).content, test.inputs) for name in (limit.relative_to, limit.variant)]
    names = (limit.relative_to, limit.variant)
    return compare_graphs(pair[0], pair[1], names, test.labels, test.recordings, limit.max_drop_points)


def test_every_layer_finds_its_counterpart(margin: Margin) -> None:
    found = comparison(*margin)
    assert found.reference_only == found.candidate_only == ()


def test_no_layer_parts_from_the_reference(margin: Margin) -> None:
    first = comparison(*margin).first_divergence
    assert first is None, (
        f"operator {first.candidate_operator} {first.kind}: {first.sqnr_db:.1f} dB of signal over noise"
    )


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
