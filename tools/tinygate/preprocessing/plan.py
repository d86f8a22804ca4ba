"""A description resolved: which raw value goes where, and the arithmetic on its way, one operation at a time.

Every operation is one of IEEE 754 in the description's width, rounded before the next one: NumPy and C then agree in
every bit. Constants are rounded to that width once, to the nearest.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import Any

from tinygate.errors import DataError
from tinygate.preprocessing.description import Description, RawWindow, numbers

SAMPLES_FIRST, AXES_FIRST = "samples_first", "axes_first"


@dataclass(frozen=True)
class Operation:
    """x := x ∘ constant.

    Attributes:
        kind: "multiply", "add", "subtract", "divide", "at_least" (x < c ? c : x) or "at_most" (x > c ? c : x).
        constants: one for each axis of the input, exact in the width.
        setting: bit of the settings' word that it depends on; None for always.
        step: number of the step that it comes from.
    """

    kind: str
    constants: tuple[float, ...]
    setting: int | None
    step: int


@dataclass(frozen=True)
class Plan:
    """What a description comes to.

    Attributes:
        raw: what is given.
        width: "float32" or "float64".
        first, samples: which samples of the raw window are taken.
        names, sources: the axes of the input, and the raw axis that each is taken from.
        operations: in order, on each value alone.
        shape: of the input, without a batch.
        axes_first: whether the input holds axis after axis, rather than sample after sample.
    """

    raw: RawWindow
    width: str
    first: int
    samples: int
    names: tuple[str, ...]
    sources: tuple[int, ...]
    operations: tuple[Operation, ...] = ()
    shape: tuple[int, ...] = ()
    axes_first: bool = False


def plan_of(description: Description, width: str = "") -> Plan:
    """Return what a description comes to, computed in another width than its own if one is named.

    Raises:
        DataError: a step that cannot be carried out where it stands.
    """
    raw = description.raw
    plan = Plan(raw, width or description.width, 0, raw.samples, raw.axes, tuple(range(len(raw.axes))))
    for number, step in enumerate(description.steps):
        where = f"steps[{number}] ({step['step']})"
        if plan.shape:
            raise DataError(f"{where}: comes after layout, which must be the last step.")
        plan = _with(plan, number, step, where)
    return plan if plan.shape else replace(plan, shape=(plan.samples, len(plan.names)))


def _with(plan: Plan, number: int, step: Mapping[str, Any], where: str) -> Plan:
    name = step["step"]
    if name in ("select", "reorder"):
        return _picked(plan, step, where)
    if name == "window":
        return _windowed(plan, step, where)
    if name == "layout":
        return _laid_out(plan, step, where)
    setting = _setting(plan, step, where)
    added = (
        Operation(kind, _rounded(plan, values, where), setting, number)
        for kind, values in _arithmetic(plan, step, where)
    )
    return replace(plan, operations=(*plan.operations, *added))


def _arithmetic(plan: Plan, step: Mapping[str, Any], where: str) -> list[tuple[str, tuple[float, ...]]]:
    """Return the operations of a step, in order, with constants as they were given."""

    def constants(key: str) -> tuple[float, ...]:
        return numbers(step, key, len(plan.names), where)

    name = step["step"]
    if name == "flip":
        flipped = _known(plan, step["axes"], where)
        return [("multiply", tuple(-1.0 if axis in flipped else 1.0 for axis in plan.names))]
    if name == "scale":
        return [("multiply", constants("by"))]
    if name == "offset":
        return [("add", constants("by"))]
    if name == "standardise":
        return [("subtract", constants("mean")), ("divide", _divisors(plan, constants("std"), where))]
    low, high = constants("low"), constants("high")
    if any(a >= b for a, b in zip(low, high, strict=True)):
        raise DataError(f"{where}: low {list(low)}, high {list(high)}; expected low below high on each axis.")
    return [("at_least", low), ("at_most", high)] if name == "clip" else _min_max(plan, step, low, high, where)


def _min_max(
    plan: Plan, step: Mapping[str, Any], low: tuple[float, ...], high: tuple[float, ...], where: str
) -> list[tuple[str, tuple[float, ...]]]:
    span = _divisors(plan, tuple(b - a for a, b in zip(low, high, strict=True)), where)
    operations = [("subtract", low), ("divide", span)]
    bottom, top = numbers({"to": step.get("to", (0, 1))}, "to", 2, where)
    if bottom >= top:
        raise DataError(f"{where}: to is {bottom:g} to {top:g}; expected the smaller one first.")
    axes = len(plan.names)
    if top - bottom != 1:
        operations.append(("multiply", (top - bottom,) * axes))
    if bottom:
        operations.append(("add", (bottom,) * axes))
    return operations


def _picked(plan: Plan, step: Mapping[str, Any], where: str) -> Plan:
    names = _known(plan, step["axes"], where)
    if step["step"] == "reorder" and len(names) != len(plan.names):
        raise DataError(f"{where}: {len(names)} of {len(plan.names)} axes; name all, or use select.")
    at = [plan.names.index(name) for name in names]
    operations = tuple(replace(o, constants=tuple(o.constants[i] for i in at)) for o in plan.operations)
    return replace(plan, names=names, sources=tuple(plan.sources[i] for i in at), operations=operations)


def _windowed(plan: Plan, step: Mapping[str, Any], where: str) -> Plan:
    first, samples = step["first"], step["samples"]
    if (
        not (isinstance(first, int) and isinstance(samples, int))
        or first < 0
        or not 1 <= samples <= plan.samples - first
    ):
        raise DataError(f"{where}: {samples!r} samples from {first!r} on, of {plan.samples}; expected a part of them.")
    return replace(plan, first=plan.first + first, samples=samples)


def _laid_out(plan: Plan, step: Mapping[str, Any], where: str) -> Plan:
    shape, order = tuple(step["shape"]), step.get("order", SAMPLES_FIRST)
    if order not in (SAMPLES_FIRST, AXES_FIRST):
        raise DataError(f"{where}: order is {order!r}; expected {SAMPLES_FIRST} or {AXES_FIRST}.")
    if not all(isinstance(size, int) and size > 0 for size in shape) or prod(shape) != plan.samples * len(plan.names):
        raise DataError(f"{where}: shape {list(shape)} for {plan.samples} samples of {len(plan.names)} axes.")
    return replace(plan, shape=shape, axes_first=order == AXES_FIRST)


def _known(plan: Plan, axes: Any, where: str) -> tuple[str, ...]:
    names = tuple(axes)
    if not names or len(set(names)) != len(names) or not set(names) <= set(plan.names):
        raise DataError(f"{where}: axes {list(names)}; expected some of {', '.join(plan.names)}, each once.")
    return names


def _setting(plan: Plan, step: Mapping[str, Any], where: str) -> int | None:
    name = step.get("where")
    if name is None:
        return None
    if name not in plan.raw.settings:
        raise DataError(f"{where}: where is {name!r}; the settings are {', '.join(plan.raw.settings) or 'none'}.")
    return plan.raw.settings.index(name)


def _divisors(plan: Plan, values: tuple[float, ...], where: str) -> tuple[float, ...]:
    if any(not _at_width(value, plan.width) for value in values):
        raise DataError(f"{where}: a division by 0 in {plan.width}; leave that axis out, or divide by something else.")
    return values


def _rounded(plan: Plan, values: tuple[float, ...], where: str) -> tuple[float, ...]:
    rounded = tuple(_at_width(value, plan.width) for value in values)
    if not all(map(isfinite, rounded)):
        raise DataError(f"{where}: a constant beyond what {plan.width} holds.")
    return rounded


def _at_width(value: float, width: str) -> float:
    """Return the value of that width that is nearest; infinity where there is none."""
    if width == "float64":
        return value
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf")
