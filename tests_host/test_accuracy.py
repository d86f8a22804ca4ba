"""Is each variant as good as it must be, by its model's metric, and does it lose no more than it may?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tinygate.judge.margin import judge_margin
from tinygate.judge.metric import judge_agreement, judge_metric, judge_pinned_metric
from tinygate.model.config import Margin
from tinygate.model.folder import Model, Variant
from tinygate.verdict import Finding

Judge = Callable[[Finding], None]


def test_the_metric_reaches_its_floor(variant: Variant, judge: Judge) -> None:
    judge(judge_metric(variant))


def test_the_metric_is_what_the_manifest_says(variant: Variant, judge: Judge) -> None:
    judge(judge_pinned_metric(variant))


def test_it_agrees_with_the_reference(variant: Variant, judge: Judge) -> None:
    finding = judge_agreement(variant)
    if finding is None:
        pytest.skip("it is the reference")
    judge(finding)


def test_what_is_lost_is_within_the_margin(margin: tuple[Model, Margin], judge: Judge) -> None:
    judge(judge_margin(*margin))
