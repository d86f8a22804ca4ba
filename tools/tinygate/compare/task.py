"""What a model's outputs mean, as far as its graph and the labels tell: for models that nobody has described yet."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import ArrayLike

from tinygate.tflite import TfliteModel

_CLASS_ENDS = ("SOFTMAX", "LOG_SOFTMAX", "LOGISTIC")
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "RESHAPE", "SQUEEZE")


def task_of(model: TfliteModel, labels: ArrayLike | None = None) -> str:
    """Return "classification", "regression", "anomaly" or "custom", the likeliest; labels are [N] or [N, ...].

    Outputs behind a SOFTMAX or LOGISTIC are classes, unless the labels are real numbers. As many values as went in, and
    more than one, are a reconstruction. One value, or one for each value of a label, is a regression. Other outputs are
    classes as long as they are a vector.
    """
    answers, given = prod(model.output.shape), prod(model.input.shape)
    truth = None if labels is None else np.asarray(labels)
    if truth is not None and truth.dtype.kind == "f":
        return "regression" if prod(truth.shape[1:]) == answers else "custom"
    if _ends_in_classes(model):
        return "classification"
    if answers == given and answers > 1:
        return "anomaly"
    if answers == 1:
        return "regression" if truth is None or len(np.unique(truth)) > 2 else "anomaly"
    is_vector = answers == max(model.output.shape, default=1)
    return "classification" if is_vector else "custom"


def _ends_in_classes(model: TfliteModel) -> bool:
    wanted = model.output.index
    for operator in reversed(model.main.operators):
        if wanted in operator.outputs:
            if operator.name in _CLASS_ENDS:
                return True
            if operator.name not in _CONVERSIONS:
                return False
            wanted = operator.inputs[0]
    return False
