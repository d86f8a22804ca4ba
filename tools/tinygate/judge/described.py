"""Does a described preprocessing make, of the raw windows, the inputs that the model was trained and judged on?"""

from __future__ import annotations

import numpy as np

from tinygate.data import Dataset, Split
from tinygate.errors import DataError
from tinygate.judge.facts import fact
from tinygate.model.folder import Model
from tinygate.places import HOST
from tinygate.preprocessing.description import is_described
from tinygate.preprocessing.kinds import Preparation, as_given, read_preparation
from tinygate.verdict import Finding

WIDTH_TOLERANCE = 2.0**-20
"""Of the largest input: what samples and steps in float32, rather than float64, can move one."""


_REASON = (
    "Window {window} of the test set comes out {largest:.6g} away from the recipe's input: the recipe does something "
    "else than it describes; derive its inputs from the description."
)


def undescribed(dataset: Dataset) -> str:
    """Return why a data set's preprocessing cannot be judged from raw windows; empty where it can."""
    if not is_described(dataset.preprocessing):
        return "the recipe describes no preprocessing: its inputs are taken as they are"
    return "" if dataset.test.raw is not None else "the recipe gives no raw windows of its test set"


def described(model: Model) -> Preparation:
    """Return what the recipe's description comes to. Raises DataError, naming the recipe."""
    return read_preparation(model.dataset.preprocessing, str(model.recipe_path))


def board_split(model: Model) -> Split:
    """Return a model's test set with the inputs that boards are fed: those of the described steps, if there are any.

    Raises:
        DataError: the description cannot be carried out.
    """
    test = model.dataset.test
    if undescribed(model.dataset) or test.raw is None:
        return test
    preparation = described(model)
    made = preparation.inputs(as_given(preparation.raw, test.raw.samples), test.raw.settings)
    is_alike = made[0].size == test.inputs[0].size  # else the host suite says so
    return test.replace(inputs=made.reshape(test.inputs.shape)) if is_alike else test


def judge_described(model: Model) -> Finding:
    """Judge whether the steps, carried out as a device does, give the recipe's test inputs.

    Raises:
        DataError: the description cannot be carried out.
    """
    preparation, test = described(model), model.dataset.test
    if test.raw is None:
        raise DataError(f"{test.source}: no raw windows of the test set; give them to Split.")
    made = preparation.inputs(as_given(preparation.raw, test.raw.samples), test.raw.settings)
    shared = (model, HOST, "preprocessing", "largest_difference")
    if made[0].size != test.inputs[0].size:
        made_of = f"{list(preparation.shape)}, the inputs are {list(test.inputs.shape[1:])}"
        return fact(*shared, None, "the same shape", False, f"The steps make {made_of}; mend the description.")
    difference = np.abs(made.reshape(test.inputs.shape).astype(np.float64) - test.inputs)
    allowed = WIDTH_TOLERANCE * float(np.abs(test.inputs).max(initial=0.0))
    window = int(difference.reshape(len(test), -1).max(axis=1).argmax())
    largest = float(difference.max(initial=0.0))
    holds = largest <= allowed
    reason = "" if holds else _REASON.format(window=window, largest=largest)
    return fact(*shared, largest, f"≤ {allowed:.3g}, what float32 can move", holds, reason)
