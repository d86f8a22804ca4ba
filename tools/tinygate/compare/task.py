"""What a model's outputs mean, as far as its graph and the labels tell: for models that nobody has described yet."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.data.classes import is_one_hot
from tinygate.tflite import TfliteModel

_CLASS_ENDS = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC")
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE")


def task_of(model: TfliteModel, labels: ArrayLike | None = None) -> str:
    """Return "classification", "regression", "anomaly" or "custom", the likeliest; labels are [N] or [N, ...].

    Outputs behind a SOFTMAX or LOGISTIC are classes, unless the labels are real numbers that are not meant as classes.
    As many values as went in, and more than one, are a reconstruction. One value, or one for each value of a label, is
    a regression. Other outputs are classes as long as they are a vector. Of several outputs the first is what a metric
    looks at; nothing reconstructs several inputs.
    """
    output = model.outputs[0]
    answers, given = prod(output.shape), prod(model.inputs[0].shape) if len(model.inputs) == 1 else 0
    truth = None if labels is None else np.asarray(labels)
    if (
        truth is not None
        and truth.dtype.kind == "f"
        and not (_ends_in_classes(model) and meant_as_classes(truth, answers))
    ):
        return "regression" if prod(truth.shape[1:]) == answers else "custom"
    if _ends_in_classes(model):
        return "classification"
    if answers == given and answers > 1:
        return "anomaly"
    if answers == 1:
        return "regression" if truth is None or len(np.unique(truth)) > 2 else "anomaly"
    is_vector = answers == max(output.shape, default=1)
    return "classification" if is_vector else "custom"


def meant_as_classes(labels: NDArray[Any], answers: int) -> bool:
    """Whether real labels [N, ...] for `answers` outputs look like classes: one-hot, or one whole number per window."""
    if labels.ndim == 1 and answers == 1:
        return bool(np.isin(labels, (0, 1)).all())
    return is_one_hot(labels) or (labels.ndim == 1 and bool((labels == np.rint(labels)).all()))


def _ends_in_classes(model: TfliteModel) -> bool:
    wanted = model.outputs[0].index
    for operator in reversed(model.main.operators):
        if wanted in operator.outputs:
            if operator.name in _CLASS_ENDS:
                return True
            if operator.name not in _CONVERSIONS:
                return False
            wanted = operator.inputs[0]
    return False
