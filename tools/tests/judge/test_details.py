"""What findings rest on: counted right, in types that JSON has, and left out where nobody could read it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tinygate.judge.metric import MOST_CLASSES, confusion
from tinygate.judge.sample import interval_percent, lower_percent
from tinygate.judge.weights import BINS, weights


def answers(labels: list[int], chosen: list[int]) -> SimpleNamespace:
    return SimpleNamespace(labels=np.array(labels), classes=np.array(chosen))


def test_a_confusion_matrix_counts_what_was_true_against_what_was_answered() -> None:
    found = confusion(answers([0, 0, 1, 2], [0, 1, 1, 2]), ("a", "b", "c"))  # type: ignore[arg-type]
    assert found == {"confusion": {"classes": ["a", "b", "c"], "counts": [[1, 1, 0], [0, 1, 0], [0, 0, 1]]}}
    json.dumps(found)


def test_classes_without_a_name_are_numbered() -> None:
    found = confusion(answers([0, 2], [0, 1]), ())  # type: ignore[arg-type]
    assert found["confusion"]["classes"] == ["0", "1", "2"]


@pytest.mark.parametrize("labels", [np.zeros((2, 3), np.int64), np.array([0.5, 1.0]), np.array([0, MOST_CLASSES])])
def test_what_is_no_class_and_a_multitude_of_classes_make_no_matrix(labels: np.ndarray) -> None:
    given = SimpleNamespace(labels=labels, classes=np.zeros(2, np.int64))
    assert confusion(given, ()) == {}  # type: ignore[arg-type]


def test_the_lower_end_of_the_interval_is_what_a_floor_is_held_against() -> None:
    low, high = interval_percent(90.0, 200)
    assert low == lower_percent(90.0, 200) < 90 < high < 100
    assert interval_percent(50.0, 100)[0] == pytest.approx(100 - interval_percent(50.0, 100)[1])


def model(*tensors: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(subgraphs=[SimpleNamespace(tensors=tensors)])


def tensor(values: np.ndarray, dtype: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(shape=values.shape, dtype=dtype or str(values.dtype), data=values.tobytes())


def test_int8_weights_are_counted_by_code() -> None:
    codes = np.array([[-128, -127], [0, 127]], np.int8)
    found = weights(model(tensor(codes), tensor(np.ones(4, np.float32))))["weights"]  # type: ignore[arg-type]
    assert (found["dtype"], len(found["counts"]), sum(found["counts"])) == ("int8", BINS, 4)
    assert (found["counts"][0], found["counts"][-1]) == (2, 1)
    json.dumps(found)


def test_float_weights_are_counted_between_their_largest_magnitudes_and_what_is_no_number_is_not() -> None:
    values = np.array([[-0.5, 0.5, 2.0, np.nan]], np.float32)
    found = weights(model(tensor(values)))["weights"]  # type: ignore[arg-type]
    assert (found["low"], found["high"], sum(found["counts"])) == (-2.0, 2.0, 3)


def test_a_file_without_weights_has_no_histogram() -> None:
    short = SimpleNamespace(shape=(4, 4), dtype="int8", data=b"\0")  # a buffer that does not hold its tensor
    assert weights(model(short, tensor(np.ones(9, np.float32)), tensor(np.ones((2, 2), np.int32)))) == {}  # type: ignore[arg-type]
