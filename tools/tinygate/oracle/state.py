"""What state a model keeps between invocations, and before which windows of a stream it is reset."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.tflite import TfliteModel
from tinygate.tflm.operators import RESOURCE_OPERATORS

StateScope = Literal["none", "recording", "all"]
"""How long state lives: within a window, within a recording, or over the whole set."""


def resource_operators(model: TfliteModel) -> list[str]:
    """Return the names of the model's operators that deal with resource variables, each once, sorted."""
    names = {operator.name for graph in model.subgraphs for operator in graph.operators}
    return sorted(names & RESOURCE_OPERATORS)


def keeps_state(model: TfliteModel) -> bool:
    """Return whether an invocation can leave something to the next one.

    Variable tensors and resource variables do; a custom operator may, so it is taken to.
    """
    variables = any(tensor.is_variable for graph in model.subgraphs for tensor in graph.tensors)
    return variables or bool(resource_operators(model)) or any(code.custom for code in model.operator_codes)


def resets_of(scope: StateScope, count: int, recordings: NDArray[Any] | None = None) -> tuple[int, ...] | None:
    """Return the windows before which state is reset: what `Plan.resets` and the oracle's `resets` take.

    Args:
        scope: "none": before every window (None is returned); "recording": before each recording's first window;
            "all": before the first window alone.
        count: number of windows, N.
        recordings: which recording each window belongs to, [N], those of a recording one after the other.

    Raises:
        DataError: recordings are missing, of another length, or a recording's windows are not together.
    """
    if scope == "none":
        return None
    if scope == "all":
        return (0,)
    if recordings is None or len(recordings) != count:
        given = "none" if recordings is None else str(len(recordings))
        raise DataError(
            f"state is kept within a recording, which needs the recording of each of {count} windows: {given} given."
        )
    starts = np.flatnonzero(np.append(True, recordings[1:] != recordings[:-1]))
    if len(np.unique(recordings[starts])) != len(starts):
        raise DataError(
            "the windows of a recording are not one after the other; a model that keeps state needs them so."
        )
    return tuple(int(start) for start in starts)


def resets_that_matter(model: TfliteModel, resets: Collection[int] | None, count: int) -> tuple[int, ...] | None:
    """Return `resets` as they decide the result, None for "before every window": the same whoever asks in other words.

    Raises:
        DataError: a number is none of a window.
    """
    if resets is None or not keeps_state(model):
        return None
    if wrong := [index for index in resets if not 0 <= index < count]:
        raise DataError(f"state is to be reset before window {wrong[0]}; there are windows 0 to {count - 1}.")
    found = tuple(sorted({0, *map(int, resets)}))
    return None if len(found) == count else found
