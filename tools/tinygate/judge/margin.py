"""Accuracy margins: how much a variant may lose against another, decided by paired statistics."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tinygate.data import Split
from tinygate.model.config import Margin
from tinygate.model.folder import Model
from tinygate.paired import compare_paired
from tinygate.verdict import Finding, Verdict


def judge_margin(
    model: Model, margin: Margin, test: Split, reference: NDArray[Any], candidate: NDArray[Any]
) -> Finding:
    """Judge how many points of accuracy `margin.variant` loses against `margin.relative_to` on the test set.

    Args:
        model: the model whose model.toml holds the margin.
        margin: variant, reference and the points that may be lost.
        test: the test set; its recordings are the clusters of the interval.
        reference: predicted class per window of `margin.relative_to`, [N].
        candidate: predicted class per window of `margin.variant`, [N].

    Returns:
        PASS when the whole 95 % interval of the drop lies below the margin, FAIL when it lies above, INCONCLUSIVE with
        the number of windows that would decide otherwise.
    """
    paired = compare_paired(test.labels, reference, candidate, test.recordings, margin.max_drop_points)
    reason = (
        f"95 % interval of the drop {paired.low_points:+.2f} to {paired.high_points:+.2f} points over {len(test)} "
        f"windows; {paired.lost} lost, {paired.gained} gained, {paired.flips} predictions differ, McNemar "
        f"p = {paired.p_value:.2g}; margin in {model.config_path}."
    )
    if paired.verdict is Verdict.INCONCLUSIVE and paired.windows_needed is not None:
        reason += f" About {paired.windows_needed} windows would decide."
    return Finding(
        model.name,
        margin.variant,
        "host",
        "margin",
        f"accuracy drop to {margin.relative_to}, points",
        round(paired.drop_points, 3),
        f"< {margin.max_drop_points:g}",
        paired.verdict,
        str(model.variant_path(margin.variant)),
        reason,
    )
