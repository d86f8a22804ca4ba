"""What quantization costs on people of every fold together: as many windows as the data have, each judged once.

Chosen before anything was seen: people are dealt into folds by their numbers, each fold's models never meet its people,
and intervals are clustered both by recording and by person, of which the wider one counts: models of a fold share their
training, so that windows of a fold are not independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset, Judged
from tinygate.data.metrics import Statistic, value_of
from tinygate.model.evaluation import evaluate
from tinygate.model.folder import Model
from tinygate.model.scoring import Scorer, scorer
from tinygate.paired import compare_paired
from tinygate.resampling import paired_loss
from tinygate.study import losses
from tinygate.study.evidence import Loss
from tinygate.study.measure import limit_of
from tinygate.study.plan import Fold


@dataclass(frozen=True)
class FoldEvidence:
    """One variant over all folds.

    Attributes:
        by_recording, by_person: what it loses against float32, the interval clustered so.
        metrics: its metric on each fold.
    """

    name: str
    windows: int
    by_recording: Loss
    by_person: Loss
    metrics: tuple[float, ...]

    @property
    def wider(self) -> Loss:
        """The loss with the wider interval, which counts."""
        return max((self.by_recording, self.by_person), key=lambda loss: loss.high - loss.low)


def fold_evidence(model: Model, folds: tuple[Fold, ...], made: Mapping[str, Path]) -> tuple[FoldEvidence, ...]:
    """Return what int8 loses over all folds whose models were made; none when there are none, or no labels."""
    answers: dict[str, list[Judged]] = {}
    judging = None
    for fold in folds:
        paths = {name: made.get(f"{fold.prefix}{name}.tflite") for name in ("float32", "ptq_int8", "qat_int8")}
        if any(path is None for path in paths.values()):
            return ()
        with refolded(model, fold) as dataset:
            judging = judging or scorer(model, dataset)
            for name, path in paths.items():
                assert path is not None
                found = evaluate(path.read_bytes(), dataset.test, f"fold {fold.number} {name}", model.config.state)
                answers.setdefault(name, []).append(found.judged)
    if judging is None or judging.unknown:
        return ()
    reference = answers.pop("float32")
    return tuple(_compared(model, judging, name, reference, judged) for name, judged in answers.items())


@contextmanager
def refolded(model: Model, fold: Fold) -> Iterator[Dataset]:
    """Give the data of a model as they are split for a fold."""
    recipe: Any = model.recipe
    before = recipe.SUBJECTS
    recipe.SUBJECTS = fold.subjects
    try:
        yield model.load_data()
    finally:
        recipe.SUBJECTS = before


def _compared(
    model: Model, judging: Scorer, name: str, reference: list[Judged], candidate: list[Judged]
) -> FoldEvidence:
    def clusters(of: str) -> NDArray[Any]:
        return np.concatenate([judged.split.column(of) for judged in candidate])

    by_recording = np.concatenate([judged.split.clusters for judged in candidate])
    limit = limit_of(model, name, judging.figure.unit)
    both = [_loss(judging, reference, candidate, each, limit) for each in (by_recording, clusters("subjects"))]
    metrics = tuple(value_of(judging.statistic(judged), len(judged)) for judged in candidate)
    return FoldEvidence(name, len(by_recording), both[0], both[1], metrics)


def _loss(
    judging: Scorer, reference: list[Judged], candidate: list[Judged], clusters: NDArray[Any], limit: float | None
) -> Loss:
    if judging.figure.name == "accuracy_percent" and not judging.is_slow:
        labels, before, after = (
            np.concatenate(arrays)
            for arrays in (
                [judged.labels for judged in candidate],
                [judged.classes for judged in reference],
                [judged.classes for judged in candidate],
            )
        )
        paired = compare_paired(labels, before, after, clusters, limit or math.inf)
        return losses.of_answers(paired, limit)
    both = [_mean_over_folds([judging.statistic(judged) for judged in part], part) for part in (reference, candidate)]
    step = 100 / len(clusters) if judging.figure.unit == "%" else 0.0
    found = paired_loss(
        both[0], both[1], clusters, at_most=judging.figure.at_most, smallest_step=step, resamples=judging.resamples
    )
    return losses.of_metric(found, limit)


def _mean_over_folds(statistics: list[Statistic], judged: list[Judged]) -> Statistic:
    """Return the mean of a metric over folds, each counted by its windows; a fold without a value is left out."""
    ends = np.cumsum([len(each) for each in judged])

    def over(weights: NDArray[Any]) -> NDArray[np.float64]:
        parts = np.split(weights, ends[:-1], axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = np.stack([value(part) for value, part in zip(statistics, parts, strict=True)])
        counts = np.where(np.isfinite(values), np.stack([part.sum(axis=1) for part in parts]), 0.0)
        return np.asarray((np.nan_to_num(values) * counts).sum(axis=0) / counts.sum(axis=0))

    return over
