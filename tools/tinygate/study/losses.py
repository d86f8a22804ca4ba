"""What a comparison says a variant loses, as evidence: the same whatever the metric and however windows were split."""

from __future__ import annotations

from tinygate import resampling
from tinygate.paired import PairedComparison
from tinygate.study.evidence import Loss
from tinygate.verdict import Verdict


def of_answers(paired: PairedComparison, limit: float | None) -> Loss:
    """Return the loss of two models whose classes were compared window by window."""
    # One recording says nothing of others: more windows of it would not decide either.
    undecided = paired.verdict is Verdict.INCONCLUSIVE and paired.clusters > 1
    windows = paired.windows_needed if undecided else None
    return Loss(
        paired.drop_points, paired.low_points, paired.high_points, limit, windows, paired.lost, paired.gained
    )  # fmt: skip


def of_metric(found: resampling.Loss, limit: float | None) -> Loss:
    """Return the loss of two models whose metric was resampled."""
    undecided = limit is not None and found.verdict(limit) is Verdict.INCONCLUSIVE
    windows = found.windows_needed(limit) if limit is not None and undecided else None
    return Loss(found.loss, found.low, found.high, limit, windows)
