"""Tries every combination of types of every operator and returns those that the wheel takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from tinygate.tflm.derive.models import build
from tinygate.tflm.derive.slots import BIAS_TYPES, INDEX_TYPES, MATCHING, NONE, TYPES, Recipe, Slot
from tinygate.tflm.derive.trial import Trials

Types = tuple[str, ...]


def accepted(recipe: Recipe, trials: Trials, channels: str = "") -> Iterator[Types]:
    """Yield the combinations, one type per group of `recipe.groups`, that TFLM prepares and computes.

    Groups with a default (shapes, axes, biases) are tried one after the other where the default is taken, and must not
    change the result: a kernel that does not look at the type of a bias computes something else.
    """
    for types in defined_types(recipe):
        outcome = trials.run(build(recipe, types, channels))
        if outcome.ran:
            yield tuple(types.values())
            yield from _variants(recipe, trials, types, channels, outcome.outputs)


def defined_types(recipe: Recipe) -> Iterator[dict[str, str]]:
    """Yield the combinations that the operator is defined for, each group with a default at it."""
    groups = recipe.groups
    for chosen in recipe.combinations or product(*(_choices(recipe, *item) for item in groups.items())):
        types = dict(zip(groups, chosen, strict=True))
        types = {group: _resolved(dtype, types) for group, dtype in types.items()}
        if recipe.is_defined(types):
            yield types


def _choices(recipe: Recipe, group: str, slot: Slot) -> Types:
    return (slot.fixed or slot.default,) if slot.fixed or slot.default else recipe.only.get(group, TYPES)


def _resolved(dtype: str, types: Mapping[str, str]) -> str:
    if dtype != MATCHING:
        return dtype
    return {"float32": "float32", "int16": "int64"}.get(types["input"], "int32")


def _variants(recipe: Recipe, trials: Trials, types: dict[str, str], channels: str, expected: str) -> Iterator[Types]:
    for group, slot in recipe.groups.items() if not recipe.combinations else ():
        others = () if not slot.default else BIAS_TYPES if slot.default == MATCHING else INDEX_TYPES
        for dtype in (*others, *([NONE] if slot.is_optional else [])):
            changed = types | {group: dtype}
            outcome = trials.run(build(recipe, changed, channels)) if dtype != types[group] else None
            if outcome and outcome.ran and (outcome.outputs == expected or dtype == NONE):
                yield tuple(changed.values())
