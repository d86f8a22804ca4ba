"""Is each variant as good as it must be, by its model's metric, and does it lose no more than it may?"""

from __future__ import annotations

from tinygate.judge.margin import judge_margin
from tinygate.judge.metric import judge_agreement, judge_metric, judge_pinned_metric
from tinygate.model.folder import Model, Variant
from tinygate.model.tables import Margin
from tinygate.plugin.core import Judge, SaysNotJudged


def test_the_metric_reaches_its_budget(variant: Variant, judge: Judge) -> None:
    """The model's metric on the whole test set, in the oracle."""
    judge(judge_metric(variant))


def test_the_metric_is_what_the_manifest_says(variant: Variant, judge: Judge) -> None:
    """What was measured when the artifact was pinned is measured now."""
    judge(judge_pinned_metric(variant))


def test_it_agrees_with_the_reference(variant: Variant, judge: Judge, not_judged: SaysNotJudged) -> None:
    """agreement_percent, of what the reference variant answers."""
    finding = judge_agreement(variant)
    if finding is None:
        not_judged("it is the reference")
    judge(finding)


def test_what_is_lost_is_within_the_margin(margin: tuple[Model, Margin], judge: Judge) -> None:
    """[[margins]], by paired statistics."""
    judge(judge_margin(*margin))
