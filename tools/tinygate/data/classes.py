"""Which class an output stands for: one rule, for host and board, for pinning, comparing and judging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError

THRESHOLD = 0.5


def classes_of(outputs: NDArray[Any], threshold: float = THRESHOLD) -> NDArray[np.int64]:
    """Return the class of each window's real outputs [N, ...]: that of the largest value, ties to the lowest index.

    A single value is the probability of class 1: class 1 above `threshold`, in real units and never in codes. Of a
    model with several outputs the first one decides.
    """
    values = outputs.reshape(len(outputs), -1)
    if values.shape[1] == 1:
        return (values[:, 0] > threshold).astype(np.int64)
    chosen: NDArray[np.int64] = values.argmax(axis=1)
    return chosen


def class_count(values_per_window: int) -> int:
    """Return how many classes an output of so many values tells apart: a single probability tells two."""
    return max(2, values_per_window)


def is_one_hot(labels: NDArray[Any]) -> bool:
    """Whether each row of labels [N, several] is 1 in one place and 0 in all others."""
    is_table = labels.ndim == 2 and labels.shape[1] > 1
    return is_table and bool(np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all())


def check_class_labels(labels: NDArray[Any], count: int, where: str, told: str) -> None:
    """Raise DataError unless labels are integers [N] from 0 to below `count`; `told` says whence the count is known."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"{where}: {labels.dtype} of shape {labels.shape}; expected integers [windows], as labels of classes are: "
            f"{_remedy(labels)}."
        )
    for label in (labels.min(initial=0), labels.max(initial=0)):
        if not 0 <= label < count:
            raise DataError(f"{where}: label {label}, but {told}; labels count from 0.")


def check_class_names(names: Sequence[str], source: str) -> None:
    """Raise DataError for a class without a name, or two of one name."""
    for name in names:
        if not name.strip():
            raise DataError(
                f"{source}: a class name is empty among {', '.join(map(repr, names))}; name each class once."
            )
        if names.count(name) > 1:
            raise DataError(
                f"{source}: the class name {name!r} stands {names.count(name)} times; name each class once."
            )


def _remedy(labels: NDArray[Any]) -> str:
    if labels.ndim == 2 and labels.shape[1] == 1:
        return "a single column? take labels[:, 0]"
    if is_one_hot(labels):
        return "one-hot? take argmax(axis=1)"
    if labels.ndim == 1 and np.array_equal(labels, np.rint(labels)):
        return "whole numbers? take astype(int)"
    return "count classes from 0, or name another task"
