"""Metrics against hand-counted cases, against scikit-learn where it is installed, and on resampled windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygate.data import Judged, Split
from tinygate.data.classes import classes_of
from tinygate.data.metrics import agreement, auc_percent, own_statistic, reconstruction_error, statistic, value_of
from tinygate.errors import DataError


def judged(outputs: Any, labels: Any = None, inputs: Any = None, **columns: Any) -> Judged:
    answers = np.asarray(outputs, np.float32)
    given = np.zeros((len(answers), 3), np.float32) if inputs is None else np.asarray(inputs, np.float32)
    split = Split(given, labels, part="test", source="eval.npz", **columns)
    return Judged(split, (answers,), np.arange(len(answers)))


def figure(name: str, windows: Judged) -> float:
    return value_of(statistic(name, windows), len(windows))


@pytest.mark.parametrize(
    ("outputs", "classes"),
    [
        ([[1, 3, 3], [9, 2, 0]], [1, 0]),
        ([[0.4], [0.5], [0.6]], [0, 0, 1]),
        (np.eye(16).reshape(16, 2, 2, 4), list(range(16))),
        ([0.2, 0.7], [0, 1]),
    ],
)
def test_one_rule_says_which_class_for_every_shape(outputs: Any, classes: list[int]) -> None:
    assert classes_of(np.asarray(outputs)).tolist() == classes


@pytest.mark.parametrize(
    ("name", "outputs", "labels", "expected"),
    [
        ("accuracy_percent", [[1, 0], [0, 1], [1, 0], [0, 1]], [0, 1, 1, 1], 75),
        ("accuracy_percent", [[0.9], [0.2], [0.8], [0.4]], [1, 0, 0, 0], 75),
        ("top2_accuracy_percent", [[3, 2, 1], [1, 2, 3], [3, 2, 1]], [1, 0, 0], 200 / 3),
        ("macro_f1_percent", [[1, 0], [1, 0], [0, 1], [0, 1]], [0, 1, 1, 1], 100 * (2 / 3 + 4 / 5) / 2),
        ("auc_percent", [[0.1], [0.4], [0.4], [0.8]], [0, 0, 1, 1], 87.5),
        ("mae", [[1.0], [2.0], [4.0]], [1.0, 3.0, 2.0], 1),
        ("rmse", [[1.0], [2.0], [4.0]], [1.0, 3.0, 2.0], (5 / 3) ** 0.5),
        ("mae", [[1, 2], [3, 4]], [[1.0, 1.0], [3.0, 3.0]], 0.5),
    ],
)
def test_hand_counted_cases(name: str, outputs: Any, labels: Any, expected: float) -> None:
    assert figure(name, judged(outputs, np.array(labels))) == pytest.approx(expected)


def test_agreement_is_by_class_or_by_variance_kept() -> None:
    from dataclasses import replace

    windows = replace(judged([[1, 0], [0, 1], [1, 0]]), reference=np.array([[1, 0], [1, 0], [1, 0]]))
    assert value_of(agreement(windows, by_class=True), 3) == pytest.approx(200 / 3)
    curve = replace(judged([[1.0], [2.0], [3.0]]), reference=np.array([[1.0], [2.0], [4.0]]))
    assert value_of(agreement(curve, by_class=False), 3) == pytest.approx(100 * (1 - 1 / (14 / 3)))


def test_counting_a_window_twice_is_having_it_twice() -> None:
    generator = np.random.default_rng(2)
    outputs, labels = generator.normal(size=(40, 3)), generator.integers(0, 3, 40)
    counts = generator.integers(0, 3, 40)
    twice = np.repeat(np.arange(40), counts)
    for name in ("accuracy_percent", "top2_accuracy_percent", "macro_f1_percent", "auc_percent"):
        weighted = statistic(name, judged(outputs, labels))(counts[None])[0]
        assert weighted == pytest.approx(figure(name, judged(outputs[twice], labels[twice]))), name


def test_mlperfs_anomaly_auc_takes_five_lines() -> None:
    """Mean squared reconstruction error per recording, as in MLPerf Tiny's anomaly detection."""

    def anomaly_auc(windows: Judged) -> float:
        labels, scores = windows.per_recording(reconstruction_error(windows))
        return auc_percent(labels, scores)

    inputs = np.random.default_rng(0).normal(size=(60, 4))
    recordings, error = np.arange(60) // 10, np.repeat([0.1, 0.2, 0.5, 0.3, 0.4, 0.6], 10)
    labels = np.repeat([0, 0, 0, 1, 1, 1], 10)
    windows = judged(inputs + error[:, None], labels, inputs, recordings=recordings)
    metric = own_statistic(anomaly_auc, windows, "anomaly_auc")
    assert value_of(metric, 60) == pytest.approx(100 * 7 / 9)
    drawn = np.where(recordings == 2, 2, np.where(recordings == 1, 0, 1))  # recording 2 twice, 1 not at all
    assert metric(drawn[None])[0] == pytest.approx(100 * 5 / 9)


@pytest.mark.parametrize(
    ("name", "outputs", "labels", "sentence"),
    [
        ("accuracy_percent", np.eye(2), None, "eval.npz: no array test_labels"),
        ("accuracy_percent", np.eye(2), np.array([0, 2]), "eval.npz: test_labels: label 2, but the model tells 2"),
        ("accuracy_percent", np.eye(2), np.eye(2, dtype=int), "one-hot"),
        ("auc_percent", np.ones((2, 1)), np.array([0, 2]), "labels 0 and 1"),
        ("auc_percent", np.ones((2, 5)), np.array([0, 9]), "label 9"),
        ("mae", np.eye(2), np.array([0.0, 1.0]), "test_labels give 1 values a window, the model answers 2"),
    ],
)
def test_labels_that_do_not_fit_are_named(name: str, outputs: Any, labels: Any, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        figure(name, judged(outputs, labels))


@pytest.mark.parametrize("wrong", [None, "text", np.zeros(3), np.nan])
def test_a_recipes_metric_gives_one_number_or_one_for_each_window(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"recipe.py: score\(\) returned .*expected one finite number, or one for each"):
        own_statistic(lambda _: wrong, judged(np.eye(2)), "recipe.py: score()")


@pytest.mark.train
@pytest.mark.parametrize("seed", range(20))
def test_scikit_learn_says_the_same(seed: int) -> None:
    from sklearn import metrics

    generator = np.random.default_rng(seed)
    classes, count = int(generator.integers(2, 6)), int(generator.integers(20, 200))
    outputs = generator.dirichlet(np.ones(classes), count).round(2)  # ties on purpose
    labels = np.concatenate([np.arange(classes), generator.integers(0, classes, count - classes)])
    windows = judged(outputs, labels)
    found = outputs.argmax(axis=1)
    assert figure("accuracy_percent", windows) == pytest.approx(100 * metrics.accuracy_score(labels, found))
    f1 = metrics.f1_score(labels, found, average="macro", zero_division=0)
    assert figure("macro_f1_percent", windows) == pytest.approx(100 * f1)
    outputs = outputs.astype(np.float32)
    area = np.mean([metrics.roc_auc_score(labels == k, outputs[:, k]) for k in range(classes)])
    area = area if classes > 2 else metrics.roc_auc_score(labels, outputs[:, 1])
    assert figure("auc_percent", windows) == pytest.approx(100 * area)
    truth = generator.normal(size=(count, classes))
    curve = judged(outputs, truth)
    assert figure("mae", curve) == pytest.approx(metrics.mean_absolute_error(truth, outputs))
    assert figure("rmse", curve) == pytest.approx(metrics.mean_squared_error(truth, outputs) ** 0.5)
