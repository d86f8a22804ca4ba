"""How good a model is, as one number of `tinygate.figures.METRICS`, over windows that may count more than once.

A metric is a function of weights: how often each window counts. All ones give the figure itself; the counts of a
resampling give what the figure would have been, which is all that a bootstrap needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.data.classes import check_class_labels, class_count
from tinygate.data.judged import Judged
from tinygate.errors import DataError

Statistic = Callable[[NDArray[Any]], NDArray[np.float64]]
"""Weights [R, N] to R figures; nan where a figure has no value, as the AUC of one class alone."""


def statistic(name: str, judged: Judged, task: str = "classification") -> Statistic:
    """Return a metric of these windows and answers.

    Args:
        name: of `tinygate.figures.METRICS`, but "score" and "loss", which a recipe computes.
        judged: the windows.
        task: "anomaly" if outputs are scores or reconstructions, whose AUC is another than that of classes.

    Raises:
        DataError: labels are missing or do not fit the outputs, or there is no reference to agree with.
    """
    if name == "auc_percent" and task == "anomaly":
        return _area(_binary(judged.labels, _place(judged)), anomaly_scores(judged))
    return _METRICS[name](judged)


def value_of(metric: Statistic, windows: int) -> float:
    """Return the figure itself, each window counted once."""
    return float(metric(np.ones((1, windows)))[0])


def own_statistic(function: Callable[[Judged], ArrayLike], judged: Judged, name: str) -> Statistic:
    """Return a recipe's metric: a mean where it gives scores [N], one per window, else computed for every resampling.

    Raises:
        DataError: it returns something else than numbers, one or one per window.
    """
    scores = np.asarray(function(judged))
    if scores.dtype.kind not in "fiub" or scores.shape not in ((), (len(judged),)) or not np.isfinite(scores).all():
        raise DataError(
            f"{name} returned {scores.dtype} of shape {scores.shape}; expected one finite number, or one for each of "
            f"{len(judged)} windows."
        )
    if scores.ndim:
        return mean_of(scores)

    def over(weights: NDArray[Any]) -> NDArray[np.float64]:
        drawn = (judged if (counts == 1).all() else judged.counted(counts) for counts in weights)
        return np.array([float(np.asarray(function(windows))) for windows in drawn])

    return over


def mean_of(values: NDArray[Any]) -> Statistic:
    """Return the mean of one value per window [N]."""
    numbers = values.astype(np.float64)
    return lambda weights: (weights @ numbers) / weights.sum(axis=1)


def auc_percent(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the area under the ROC curve of [N] in per cent: how often an anomaly (label 1) scores above the normal.

    A tie counts half. Raises DataError when a label is neither 0 nor 1, or all are the same.
    """
    truth, values = np.asarray(labels), np.asarray(scores, np.float64)
    found = value_of(_area(_binary(truth), values), len(truth))
    if np.isnan(found):
        raise DataError(
            f"an AUC needs both labels, 0 and 1; all {len(truth)} labels are {truth[0] if len(truth) else ''}."
        )
    return found


def reconstruction_error(judged: Judged) -> NDArray[np.float64]:
    """Return the mean squared difference between output and input of each window, [n]. Raises DataError if unlike."""
    inputs, outputs = (x.reshape(len(judged), -1).astype(np.float64) for x in (judged.inputs, judged.outputs))
    if inputs.shape != outputs.shape:
        raise DataError(
            f"{judged.split.source}: an output of {outputs.shape[1]} values is no reconstruction of an input of "
            f"{inputs.shape[1]}; expected as many, or one value: or set metric = 'recipe:FUNCTION', one of your own."
        )
    found: NDArray[np.float64] = ((outputs - inputs) ** 2).mean(axis=1)
    return found


def anomaly_scores(judged: Judged) -> NDArray[np.float64]:
    """Return how odd each window is, [n]: the model's only output, else the error of its reconstruction."""
    flat = judged.outputs.reshape(len(judged), -1)
    return flat[:, 0].astype(np.float64) if flat.shape[1] == 1 else reconstruction_error(judged)


def _right_classes(judged: Judged) -> Statistic:
    return mean_of(100.0 * (judged.classes == class_labels(judged)))


def _among_first(count: int) -> Callable[[Judged], Statistic]:
    def metric(judged: Judged) -> Statistic:
        outputs, labels = judged.outputs.reshape(len(judged), -1), class_labels(judged)
        ranked = np.argsort(-outputs, axis=1, kind="stable")[:, :count]
        return mean_of(100.0 * (ranked == labels[:, None]).any(axis=1))

    return metric


def _macro_f1(judged: Judged) -> Statistic:
    labels, found = class_labels(judged), judged.classes
    present = np.union1d(labels, found)
    hits, given, said = ((m[:, None] == present).astype(np.float64) for m in (labels, labels, found))
    hits *= said

    def over(weights: NDArray[Any]) -> NDArray[np.float64]:
        total = weights @ given + weights @ said
        with np.errstate(invalid="ignore"):
            return np.asarray(100 * np.nanmean(np.where(total > 0, 2 * (weights @ hits) / total, np.nan), axis=1))

    return over


def _auc(judged: Judged) -> Statistic:
    outputs = judged.outputs.reshape(len(judged), -1).astype(np.float64)
    if outputs.shape[1] <= 2:
        return _area(_binary(judged.labels, _place(judged)), outputs[:, -1])
    truth = class_labels(judged)
    one_against_rest = [_area(truth == k, outputs[:, k]) for k in np.unique(truth)]
    return lambda weights: np.asarray(np.mean([area(weights) for area in one_against_rest], axis=0))


def _area(is_positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> Statistic:
    """Return 100 · the share of pairs (positive, negative) in order, ties half: Mann and Whitney's U."""
    order = np.argsort(scores, kind="stable")
    positive, ordered = is_positive[order], scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))

    def over(weights: NDArray[Any]) -> NDArray[np.float64]:
        sorted_weights = weights[:, order].astype(np.float64)
        of_positives = np.add.reduceat(sorted_weights * positive, starts, axis=1)
        of_negatives = np.add.reduceat(sorted_weights * ~positive, starts, axis=1)
        below = np.cumsum(of_negatives, axis=1) - of_negatives
        pairs = of_positives.sum(axis=1) * of_negatives.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(100 * (of_positives * (below + of_negatives / 2)).sum(axis=1) / pairs)

    return over


def _binary(labels: NDArray[Any], where: str = "") -> NDArray[np.bool_]:
    wrong = labels[~np.isin(labels, (0, 1))]
    if labels.ndim != 1 or wrong.size:
        found = f"label {wrong[0]}" if labels.ndim == 1 else f"{labels.dtype} of shape {labels.shape}"
        raise DataError(f"{where}{found}; an AUC needs labels 0 and 1, one per window.")
    return np.asarray(labels == 1)


def _absolute_error(judged: Judged) -> Statistic:
    return mean_of(np.abs(_errors(judged)).mean(axis=1))


def _root_mean_square_error(judged: Judged) -> Statistic:
    mean = mean_of((_errors(judged) ** 2).mean(axis=1))
    return lambda weights: np.sqrt(mean(weights))


def _errors(judged: Judged) -> NDArray[np.float64]:
    outputs, labels = (x.reshape(len(judged), -1).astype(np.float64) for x in (judged.outputs, judged.labels))
    if outputs.shape != labels.shape:
        raise DataError(
            f"{judged.split.source}: {judged.split.part}_labels give {labels.shape[1]} values a window, the model "
            f"answers {outputs.shape[1]}; expected what the model should have answered."
        )
    return outputs - labels


def agreement(judged: Judged, *, by_class: bool) -> Statistic:
    """Return how much of what the reference says a model says too, in per cent.

    By class: the share of windows of which both say the same class. Else: the share of the variance of the reference's
    outputs that is kept, 1 - Σ(output - reference)² / Σ(reference - mean)², 0 at least.
    """
    if judged.reference is None:
        raise DataError("there is no reference to agree with.")
    theirs = judged.reference[judged.rows]
    if by_class:
        return mean_of(100.0 * (judged.classes == replace_outputs(judged, theirs).classes))
    ours, reference = (x.reshape(len(judged), -1).astype(np.float64) for x in (judged.outputs, theirs))
    if ours.shape != reference.shape:
        raise DataError(f"{ours.shape[1]} values a window, the reference has {reference.shape[1]}; expected as many.")
    lost = ((ours - reference) ** 2).sum(axis=1)
    total = ((reference - reference.mean(axis=0)) ** 2).sum(axis=1)

    def over(weights: NDArray[Any]) -> NDArray[np.float64]:
        noise, signal = weights @ lost, weights @ total
        with np.errstate(invalid="ignore", divide="ignore"):
            kept = np.where(noise == 0, 1.0, 1 - noise / signal)
        return np.asarray(100 * np.maximum(kept, 0.0))

    return over


def replace_outputs(judged: Judged, outputs: NDArray[Any]) -> Judged:
    """Return the same windows with other answers, [n, ...]."""
    return Judged(judged.split, (outputs,), np.arange(len(judged), dtype=np.int64))


def _place(judged: Judged) -> str:
    return f"{judged.split.source}: {judged.split.part or 'test'}_labels: "


def class_labels(judged: Judged) -> NDArray[np.int64]:
    """Return labels that are classes of the outputs, [n]. Raises DataError naming file and array for any other."""
    labels = judged.labels
    count = class_count(judged.outputs.reshape(len(judged), -1).shape[1])
    check_class_labels(labels, count, _place(judged).removesuffix(": "), f"the model tells {count} classes apart")
    return labels


_METRICS: Mapping[str, Callable[[Judged], Statistic]] = {
    "accuracy_percent": _right_classes,
    "top2_accuracy_percent": _among_first(2),
    "top3_accuracy_percent": _among_first(3),
    "top5_accuracy_percent": _among_first(5),
    "macro_f1_percent": _macro_f1,
    "auc_percent": _auc,
    "mae": _absolute_error,
    "rmse": _root_mean_square_error,
}
