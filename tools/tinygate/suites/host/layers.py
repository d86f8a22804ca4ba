"""Layer by layer against the reference: where does a variant part from it?"""

from __future__ import annotations

from tinygate.judge import layers
from tinygate.model.folder import Model
from tinygate.model.tables import Margin
from tinygate.plugin.core import Judge, SaysNotJudged

ModelMargin = tuple[Model, Margin]


def test_most_layers_find_their_counterpart(margin: ModelMargin, judge: Judge) -> None:
    """What is not compared says nothing."""
    judge(layers.judge_matching(*margin))


def test_no_layer_parts_from_the_reference(margin: ModelMargin, judge: Judge) -> None:
    """thresholds.layer_sqnr_db."""
    judge(layers.judge_lowest(*margin))


def test_no_layer_is_biased(margin: ModelMargin, judge: Judge) -> None:
    """thresholds.layer_bias_lsb."""
    judge(layers.judge_bias(*margin))


def test_what_quantization_costs_is_recorded(margin: ModelMargin, judge: Judge) -> None:
    """At the logits, and in answers that flip."""
    judge(layers.record_answers(*margin))


def test_the_costliest_layer_is_recorded(margin: ModelMargin, judge: Judge, not_judged: SaysNotJudged) -> None:
    """The layer to look at first."""
    finding = layers.record_costliest(*margin)
    if finding is None:
        not_judged(f"{margin[1].relative_to} is no float model that could be made coarse layer by layer")
    judge(finding)
