"""What a tiny model of one operator looks like: its tensors, which of them change type together, its options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

TYPES = (
    "float32",
    "float16",
    "int4",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "float64",
    "bool",
)
"""Types that are tried, and "none" where a tensor may be left out."""

INDEX_TYPES = ("int32", "int64", "int16")
"""Types of shapes, axes and indices by the schema's definition of the operators."""

NONE = "none"
MATCHING = "matching"
"""The type of a bias that goes with the input's: float32, int64 with int16, int32 with other integers."""


BIAS_TYPES = ("float32", "int16", "int32", "int64")
"""Types of biases, likewise."""

TYPE = "type of the first input"
"""Stands in a custom operator's options for the number of that type."""


@dataclass(frozen=True)
class Slot:
    """A tensor of the operator.

    Attributes:
        group: tensors of one group always have one type; "" for a tensor that is always left out.
        shape: its shape.
        values: what a constant holds; None for data computed at run time, 1 for a constant full of ones.
        default: the type while other groups are tried, MATCHING for one that goes with the input's; "" for a group that
            is tried in every combination.
        fixed: the only type that makes sense, "resource" for example; such a group is not tried.
        is_optional: whether it is also tried without.
        is_state: a variable tensor.
        is_weights: whether it is also tried with one scale per output channel, along `axis`.
    """

    group: str
    shape: tuple[int, ...] = ()
    values: Any = None
    default: str = ""
    fixed: str = ""
    is_optional: bool = False
    is_state: bool = False
    is_weights: bool = False
    axis: int = 0


LEFT_OUT = Slot("")


@dataclass(frozen=True)
class Recipe:
    """How to build the model of one operator.

    Attributes:
        operator: its name in the schema; the custom operator's own name if the schema has none.
        inputs, outputs: its tensors.
        options: class of the schema's options and its fields; custom: the fields of a custom operator's.
        frame: "while", "if", "call_once", "variable" for an operator that needs others around it; "" otherwise.
        same: groups that have one type by the operator's definition. Kernels that do not check read the bytes of one
            type as another: nothing to ask of them.
        only: types that a group may have by the operator's definition, for the same reason.
        combinations: the only combinations of types that make sense, one type per group; () for all.
        is_variadic: whether the last group of the inputs may come any number of times.
    """

    operator: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    options: tuple[str, dict[str, Any]] = ("", {})
    custom: dict[str, Any] = field(default_factory=dict)
    frame: str = ""
    same: tuple[tuple[str, ...], ...] = ()
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    combinations: tuple[tuple[str, ...], ...] = ()
    is_variadic: bool = False

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Every tensor that may be there."""
        return tuple(slot for slot in (*self.inputs, *self.outputs) if slot.group)

    @property
    def groups(self) -> dict[str, Slot]:
        """The first tensor of every group, in order."""
        found: dict[str, Slot] = {}
        for slot in self.slots:
            found.setdefault(slot.group, slot)
        return found

    @property
    def channels(self) -> str:
        """The group that is tried with one scale per channel too, "" for none."""
        return next((name for name, slot in self.groups.items() if slot.is_weights), "")

    def is_defined(self, types: dict[str, str]) -> bool:
        """Whether these types, by group, are ones that the operator is defined for."""
        one_each = all(len({types[group] for group in tied}) == 1 for tied in self.same)
        return one_each and all(types[group] in choices for group, choices in self.only.items())
