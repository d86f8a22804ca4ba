"""Finds out how many dimensions and inputs an operator may have: kernels keep shapes in arrays of fixed size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tinygate.tflm.derive.models import build
from tinygate.tflm.derive.slots import Recipe, Slot
from tinygate.tflm.derive.trial import Trials

MOST_DIMENSIONS, MOST_INPUTS = 7, 32
"""As far as is tried."""

_LEADING = {"paddings": [0, 0], "begin": 0, "start": 0, "size": 1, "end": 1, "strides": 1, "shape": 1}
_FIXED_RANK = frozenset(
    """CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV FULLY_CONNECTED SVDF UNIDIRECTIONAL_SEQUENCE_LSTM AVERAGE_POOL_2D
    MAX_POOL_2D L2_POOL_2D RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND SPACE_TO_DEPTH
    DEPTH_TO_SPACE GATHER GATHER_ND EMBEDDING_LOOKUP BROADCAST_ARGS SHAPE IF WHILE CALL_ONCE VAR_HANDLE ASSIGN_VARIABLE
    READ_VARIABLE FILL UNPACK PRELU""".split()
)


def limits_of(recipe: Recipe, types: Mapping[str, str], trials: Trials) -> dict[str, int]:
    """Return the limits of an operator that lie below what is tried, {} if there are none.

    "dimensions", "broadcast_dimensions" where shapes differ, "inputs".
    """
    found: dict[str, int] = {}
    if recipe.operator not in _FIXED_RANK and not recipe.custom:
        _note(found, "dimensions", _most_dimensions(recipe, types, trials), MOST_DIMENSIONS)
        if "second" in recipe.groups and recipe.operator != "BATCH_MATMUL":
            _note(found, "broadcast_dimensions", _most_dimensions(_broadcast(recipe), types, trials), MOST_DIMENSIONS)
    if recipe.is_variadic:
        counts = range(2, MOST_INPUTS + 1)
        ran = [trials.run(build(_repeated(recipe, count), types)).ran for count in counts]
        _note(found, "inputs", ran.index(False) + 1 if False in ran else MOST_INPUTS, MOST_INPUTS)
    return found


def _note(found: dict[str, int], name: str, value: int, most: int) -> None:
    if value < most:
        found[name] = value


def _most_dimensions(recipe: Recipe, types: Mapping[str, str], trials: Trials) -> int:
    """Return the largest rank up to which leading dimensions of 1 change nothing."""
    plain = trials.run(build(recipe, types))
    rank = max(len(slot.shape) for slot in recipe.slots)
    while rank < MOST_DIMENSIONS:
        added = rank + 1 - max(len(slot.shape) for slot in recipe.slots)
        outcome = trials.run(build(_lifted(recipe, added), types))
        if not outcome.ran or outcome.outputs != plain.outputs:
            return rank
        rank += 1
    return rank


def _lifted(recipe: Recipe, added: int) -> Recipe:
    """Return the recipe with `added` leading dimensions of 1."""
    kind, fields = recipe.options
    moved: dict[str, Any] = {
        name: [1] * added + value if name == "newShape" else [v + added for v in value] if isinstance(value, list)
        else value + added if name == "axis" else value
        for name, value in fields.items()
    }  # fmt: skip
    inputs, outputs = (tuple(_lifted_slot(slot, added) for slot in slots) for slots in (recipe.inputs, recipe.outputs))
    return replace(recipe, inputs=inputs, outputs=outputs, options=(kind, moved))


def _lifted_slot(slot: Slot, added: int) -> Slot:
    if slot.default != "int32":
        grows = bool(slot.group) and slot.group not in ("bias", "value")
        return replace(slot, shape=(1,) * added + slot.shape) if grows else slot
    values: Any = slot.values
    if slot.group in _LEADING:
        values = [_LEADING[slot.group]] * added + list(values)
    elif slot.group == "order":
        values = [*range(added), *(value + added for value in values)]
    elif slot.group == "axis":
        values = values + added if isinstance(values, int) else [value + added for value in values]
    return replace(slot, values=values, shape=np.shape(values))


def _broadcast(recipe: Recipe) -> Recipe:
    first, second = recipe.inputs
    return replace(recipe, inputs=(first, replace(second, shape=(1, *second.shape[1:]))))


def _repeated(recipe: Recipe, count: int) -> Recipe:
    (slot, *_), (result,) = recipe.inputs, recipe.outputs
    kind, fields = recipe.options
    axis = fields.get("axis", 0)
    shape = result.shape
    if recipe.operator == "CONCATENATION":
        shape = (*slot.shape[:axis], slot.shape[axis] * count, *slot.shape[axis + 1 :])
    elif recipe.operator == "PACK":
        shape = (count, *slot.shape)
    options = (kind, fields | ({"valuesCount": count} if "valuesCount" in fields else {}))
    return replace(recipe, inputs=(slot,) * count, outputs=(replace(result, shape=shape),), options=options)
