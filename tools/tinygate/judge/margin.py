"""Margins: how much of the model's metric a variant may lose against another, decided by paired statistics."""

from __future__ import annotations

from tinygate.data import Judged
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Model
from tinygate.model.scoring import Scorer, scorer
from tinygate.model.tables import Margin
from tinygate.paired import PairedComparison, compare_paired
from tinygate.places import HOST
from tinygate.resampling import Loss, paired_loss
from tinygate.verdict import Finding, Verdict


def judge_margin(model: Model, margin: Margin) -> Finding:
    """Judge how much of the metric `margin.variant` loses against `margin.relative_to` on the test set.

    Returns:
        PASS when the whole 95 % interval of the loss lies below the margin, FAIL when it lies above, INCONCLUSIVE with
        the number of windows that would decide otherwise; INCONCLUSIVE too where the metric cannot be known.
    """
    judging = scorer(model, model.dataset)
    if judging.unknown:
        return _finding(model, margin, judging, None, Verdict.INCONCLUSIVE, judging.unknown)
    before, after = (run_oracle(model.variant(name)).judged for name in (margin.relative_to, margin.variant))
    limit = margin.max_drop_points
    if judging.figure.name == "accuracy_percent" and not judging.is_slow:
        paired = paired_answers(before, after, limit)
        reason = (
            f"95 % interval of the drop {paired.low_points:+.2f} to {paired.high_points:+.2f} points over "
            f"{paired.windows} windows; {_flips(paired)}; margin in {model.config_path}."
        )
        reason += _needed(paired.verdict, paired.windows_needed if paired.clusters > 1 else None)
        interval = paired.low_points, paired.high_points
        return _finding(model, margin, judging, paired.drop_points, paired.verdict, reason, interval)
    loss = loss_of(judging, before, after)
    verdict = loss.verdict(limit)
    classes = f"; {_flips(paired_answers(before, after, limit))}" if model.config.task == "classification" else ""
    reason = (
        f"95 % interval of the loss {loss.low:+.4g} to {loss.high:+.4g} {judging.figure.unit} over {loss.windows} "
        f"windows of {loss.clusters} recordings{classes}; margin in {model.config_path}."
    )
    reason += _needed(verdict, loss.windows_needed(limit))
    return _finding(model, margin, judging, loss.loss, verdict, reason, (loss.low, loss.high))


def loss_of(judging: Scorer, reference: Judged, candidate: Judged) -> Loss:
    """Return what a candidate loses of the metric against a reference on the same windows, with its interval."""
    before, after = (judging.statistic(judged) for judged in (reference, candidate))
    test = reference.split
    step = 100 / len(test) if judging.figure.unit == "%" else 0.0
    return paired_loss(
        before,
        after,
        test.clusters,
        at_most=judging.figure.at_most,
        smallest_step=step,
        resamples=judging.resamples,
    )


def paired_answers(reference: Judged, candidate: Judged, margin_points: float) -> PairedComparison:
    """Return how the classes that two models answer on the same windows compare."""
    test = reference.split
    return compare_paired(test.labels, reference.classes, candidate.classes, test.clusters, margin_points)


def _flips(paired: PairedComparison) -> str:
    counts = f"{paired.lost} lost, {paired.gained} gained, {paired.flips} predictions differ"
    return f"{counts}, McNemar p = {paired.p_value:.2g}"


def _needed(verdict: Verdict, windows: int | None) -> str:
    if verdict is not Verdict.INCONCLUSIVE:
        return ""
    return f" About {windows} windows would decide." if windows else " More recordings are needed to decide."


def _finding(
    model: Model,
    margin: Margin,
    judging: Scorer,
    loss: float | None,
    verdict: Verdict,
    reason: str,
    interval: tuple[float, float] | None = None,
) -> Finding:
    figure = judging.figure
    name = "accuracy" if figure.name == "accuracy_percent" else figure.name
    return Finding(
        model.name,
        margin.variant,
        HOST,
        "margin",
        f"{name} drop to {margin.relative_to}, points"
        if figure.unit == "%"
        else f"{name} lost to {margin.relative_to}",
        None if loss is None else float(f"{loss:.6g}"),
        f"< {margin.max_drop_points:g}",
        verdict,
        str(model.variant_path(margin.variant)),
        reason,
        detail={"interval": interval} if interval else {},
    )
