"""Does a described preprocessing make, of the raw windows, the inputs that the model was trained and judged on?"""

from __future__ import annotations

import numpy as np

from tinygate.board.raw import RawPlan
from tinygate.data import Dataset
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


def raw_plan(model: Model) -> RawPlan | None:
    """Return the raw windows of a model's test set, as its sensor gives them; None where nobody described them.

    Raises:
        DataError: the description cannot be carried out.
    """
    raw = model.dataset.test.raw
    if undescribed(model.dataset) or raw is None:
        return None
    return RawPlan(as_given(described(model).raw, raw.samples), raw.settings)


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
