"""Single mistakes that a preprocessing is made with, each as what a device's input would be with it.

A candidate is a sentence and a way to the input; that it explains a difference is found by trying it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.preprocessing.description import Description
from tinygate.preprocessing.kinds import Preparation, as_given
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import Operation, Plan, plan_of
from tinygate.preprocessing.raw import RawWindows
from tinygate.quant.codes import input_codes
from tinygate.tflite import Tensor

Codes = NDArray[Any]
UNITS: Mapping[float, str] = {
    9.80665: "g and m/s²", 57.295780181884766: "rad and degrees", 1000.0: "thousandths", 32768.0: "counts of 16 bits",
}  # fmt: skip
CLIPS = ("at_least", "at_most")
_SHIFTS = (1, -1, 2, -2, 3, -3)


@dataclass(frozen=True)
class Host:
    """How the host makes a model's input.

    Attributes:
        preparation: of the recipe.
        tensor: the model's input.
    """

    preparation: Preparation
    tensor: Tensor

    @property
    def description(self) -> Description:
        """The steps. Raises DataError: it is not made of steps."""
        if self.preparation.description is None:
            raise DataError("this preprocessing is not described by steps.")
        return self.preparation.description

    @property
    def plan(self) -> Plan:
        """What the steps come to. Raises DataError: it is not made of steps."""
        return plan_of(self.description)

    def codes(self, raw: RawWindows, plan: Plan | None = None, round_with: Rounding | None = None) -> Codes:
        """Return inputs [N, ...shape] in the tensor's type; by another plan or rounding if one is given."""
        make = self.preparation.inputs if plan is None else partial(prepare, plan)
        values = make(as_given(self.preparation.raw, raw.samples), raw.settings)
        if not self.tensor.scales:
            return values
        scale, zero = self.tensor.scales[0], self.tensor.zero_points[0]
        if round_with is None:
            return input_codes(values, scale, zero, self.tensor.dtype)
        with np.errstate(all="ignore"):
            return round_with(np.nan_to_num(values / np.float32(scale)), zero, np.dtype(self.tensor.dtype))


Rounding = Callable[[NDArray[Any], int, "np.dtype[Any]"], Codes]


@dataclass(frozen=True)
class Misstep:
    """One mistake.

    Attributes:
        sentence: what the device does.
        plan, rounding: what it computes by, in the host's place.
        shift: by how many samples its window begins late.
    """

    sentence: str
    plan: Plan | None = None
    rounding: Rounding | None = None
    shift: int = 0


def missteps(host: Host) -> Iterator[Misstep]:
    """Yield every mistake worth a try, the commonest first."""
    plan = host.plan
    yield from _left_out(host)
    yield from _flips(plan)
    yield from _swapped(plan)
    yield from _other_axis(host)
    yield from _units(plan)
    yield from _roundings(host)
    yield from (Misstep(_shifted(shift), shift=shift) for shift in _SHIFTS)
    turned = replace(plan, axes_first=not plan.axes_first)
    yield Misstep("samples and axes are laid out the other way round", turned)
    other = "float64" if plan.width == "float32" else "float32"
    yield Misstep(f"the device computes in {other}, the host in {plan.width}", plan_of(host.description, other))


def _left_out(host: Host) -> Iterator[Misstep]:
    plan, steps = host.plan, host.description.steps
    for number in dict.fromkeys(operation.step for operation in plan.operations):
        kept = tuple(operation for operation in plan.operations if operation.step != number)
        name = steps[number]["step"]
        sentence = f"{_LEFT_OUT[name]}: step {number} ({name}) is left out"
        yield Misstep(sentence, replace(plan, operations=kept))
    for place, operation in enumerate(plan.operations):
        if sum(other.step == operation.step for other in plan.operations) > 1:
            kept = plan.operations[:place] + plan.operations[place + 1 :]
            name = steps[operation.step]["step"]
            sentence = f"step {operation.step} ({name}) is done without {_PARTS[name, operation.kind]}"
            yield Misstep(sentence, replace(plan, operations=kept))
    clips = tuple(o for o in plan.operations if o.kind in CLIPS)
    yield Misstep("nothing of the arithmetic is done", replace(plan, operations=()))
    if clips and len(clips) < len(plan.operations):
        yield Misstep("nothing is done but clipping", replace(plan, operations=clips))


_LEFT_OUT = {
    "standardise": "no normalisation", "min_max": "no normalisation", "clip": "clipping is forgotten",
    "flip": "no axis is negated", "scale": "another unit", "offset": "no offset is added",
}  # fmt: skip
_PARTS = {
    ("standardise", "subtract"): "its mean", ("standardise", "divide"): "its standard deviation",
    ("min_max", "subtract"): "its minimum", ("min_max", "divide"): "its span", ("min_max", "multiply"): "its range",
    ("min_max", "add"): "its lower end", ("clip", "at_least"): "its lower bound",
    ("clip", "at_most"): "its upper bound",
}  # fmt: skip


def _flips(plan: Plan) -> Iterator[Misstep]:
    """Yield signs that are wrong on one axis, or under the wrong setting."""
    for place, operation in enumerate(plan.operations):
        if operation.kind != "multiply" or not set(operation.constants) <= {-1.0, 1.0}:
            continue
        for axis, name in enumerate(plan.names):
            negated = operation.constants[axis] < 0
            sentence = f"axis {name} is {'not ' if negated else ''}negated"
            yield Misstep(sentence, _with(plan, place, _constant(operation, axis, -operation.constants[axis])))
        if operation.setting is not None:
            word = plan.raw.settings[operation.setting]
            yield Misstep(
                f"axes are negated whether or not {word}", _with(plan, place, replace(operation, setting=None))
            )
            negating = Operation("multiply", operation.constants, None, operation.step)
            both = (*plan.operations[: place + 1], negating, *plan.operations[place + 1 :])
            yield Misstep(f"axes are negated exactly where not {word}", replace(plan, operations=both))
    for axis, name in enumerate(plan.names):
        signs = tuple(-1.0 if other == axis else 1.0 for other in range(len(plan.names)))
        negated_first = (Operation("multiply", signs, None, 0), *plan.operations)
        yield Misstep(f"axis {name} is negated", replace(plan, operations=negated_first))


def _swapped(plan: Plan) -> Iterator[Misstep]:
    """Yield axes that change places, before the arithmetic or after it."""
    count = len(plan.names)
    for i, j in itertools.combinations(range(count), 2):
        order = _exchanged(range(count), i, j)
        sentence = f"axes {plan.names[i]} and {plan.names[j]} are swapped"
        yield Misstep(sentence, _from(plan, order))
        yield Misstep(f"{sentence} after the other steps", _laid(plan, order))
    half = count // 2
    orders: dict[str, Sequence[int]] = {
        "reversed": range(count)[::-1],
        "moved on by one": (*range(1, count), 0),
        "moved back by one": (count - 1, *range(count - 1)),
        "swapped by halves: those of one sensor for the other's": (*range(half, 2 * half), *range(half)),
    }
    for words, places in orders.items():
        if count > 2 and len(places) == count:
            yield Misstep(f"the axes are {words}", _from(plan, places))


def _from(plan: Plan, order: Sequence[int]) -> Plan:
    return replace(plan, sources=tuple(plan.sources[i] for i in order))


def _laid(plan: Plan, order: Sequence[int]) -> Plan:
    operations = tuple(replace(o, constants=tuple(o.constants[i] for i in order)) for o in plan.operations)
    return replace(_from(plan, order), operations=operations)


def _other_axis(host: Host) -> Iterator[Misstep]:
    """Yield constants of one axis that are taken for another, for all, or in another order."""
    plan = host.plan
    for number in dict.fromkeys(operation.step for operation in plan.operations):
        step = host.description.steps[number]["step"]
        kinds = [o.kind for o in plan.operations if o.step == number and len(set(o.constants)) > 1]
        if kinds and step != "flip":
            parts = {f"{step} constants": kinds}
            if len(kinds) > 1:
                parts |= {_PARTS[step, kind].removeprefix("its "): [kind] for kind in kinds}
            for what, some in parts.items():
                yield from _retaken_constants(plan, number, some, what)


def _retaken_constants(plan: Plan, number: int, kinds: Sequence[str], what: str) -> Iterator[Misstep]:
    axes = range(len(plan.names))
    for to, taken in itertools.permutations(axes, 2):
        order = [taken if axis == to else axis for axis in axes]
        sentence = f"{what} of axis {plan.names[taken]} taken for axis {plan.names[to]}"
        yield Misstep(sentence, _retaken(plan, number, kinds, order))
    for taken in axes:
        sentence = f"{what} of axis {plan.names[taken]} taken for every axis"
        yield Misstep(sentence, _retaken(plan, number, kinds, [taken] * len(axes)))
    for i, j in itertools.combinations(axes, 2):
        sentence = f"{what} of axes {plan.names[i]} and {plan.names[j]} are swapped"
        yield Misstep(sentence, _retaken(plan, number, kinds, _exchanged(axes, i, j)))


def _retaken(plan: Plan, number: int, kinds: Sequence[str], order: Sequence[int]) -> Plan:
    """Return a plan in which some operations of a step take each axis' constant from another axis."""
    operations = tuple(
        replace(o, constants=tuple(o.constants[i] for i in order)) if o.step == number and o.kind in kinds else o
        for o in plan.operations
    )
    return replace(plan, operations=operations)


def _units(plan: Plan) -> Iterator[Misstep]:
    """Yield raw values in another unit, on all axes, on each half of them, or on three in a row."""
    count = len(plan.names)
    groups = {tuple(range(count)), tuple(range(count // 2)), tuple(range(count // 2, count))}
    groups |= {tuple(range(first, first + 3)) for first in range(0, count - 2, 3)}
    for factor, words in UNITS.items():
        for value, axes in itertools.product((factor, 1 / factor), sorted(filter(None, groups))):
            constant = float(np.dtype(plan.width).type(value))
            scaled = Operation("multiply", tuple(constant if i in axes else 1.0 for i in range(count)), None, 0)
            names = ", ".join(plan.names[i] for i in axes)
            sentence = f"another unit ({words}): raw {names} are {value:.6g} times the host's"
            yield Misstep(sentence, replace(plan, operations=(scaled, *plan.operations)))


def _roundings(host: Host) -> Iterator[Misstep]:
    if not host.tensor.scales:
        return
    scale = np.float32(host.tensor.scales[0])
    ways: dict[str, Rounding] = {
        "codes are truncated towards zero instead of rounded": lambda q, zero, t: _kept(np.trunc(q) + zero, t),
        "codes are rounded down instead of to the nearest": lambda q, zero, t: _kept(np.floor(q) + zero, t),
        "codes are truncated after the zero point is added": lambda q, zero, t: _kept(np.trunc(q + zero), t),
        "halves are rounded to even instead of away from zero": lambda q, zero, t: _kept(np.rint(q) + zero, t),
        "the zero point is not added": lambda q, zero, t: _kept(_away(q), t),
        "codes wrap around instead of saturating": lambda q, zero, t: _wrapped(_away(q) + zero, t),
        "nothing is quantized: real values are cast to codes": lambda q, zero, t: _kept(np.trunc(q * scale), t),
    }
    yield from (Misstep(sentence, rounding=way) for sentence, way in ways.items())


def _away(q: NDArray[Any]) -> NDArray[Any]:
    whole: NDArray[Any] = np.copysign(np.floor(np.abs(q) + 0.5), q)
    return whole


def _kept(codes: NDArray[Any], dtype: np.dtype[Any]) -> Codes:
    limits = np.iinfo(dtype)
    kept: Codes = np.clip(codes.astype(np.float64), limits.min, limits.max).astype(dtype)
    return kept


def _wrapped(codes: NDArray[Any], dtype: np.dtype[Any]) -> Codes:
    wrapped: Codes = np.clip(codes.astype(np.float64), -(2.0**62), 2.0**62).astype(np.int64).astype(dtype)
    return wrapped


def _shifted(shift: int) -> str:
    samples = "one sample" if abs(shift) == 1 else f"{abs(shift)} samples"
    return f"the window is shifted by {samples}: it begins {'late' if shift > 0 else 'early'}"


def _exchanged(order: Sequence[int], i: int, j: int) -> tuple[int, ...]:
    return tuple(order[j] if k == i else order[i] if k == j else order[k] for k in range(len(order)))


def _constant(operation: Operation, axis: int, value: float) -> Operation:
    return replace(operation, constants=tuple(value if i == axis else c for i, c in enumerate(operation.constants)))


def _with(plan: Plan, place: int, operation: Operation) -> Plan:
    return replace(plan, operations=(*plan.operations[:place], operation, *plan.operations[place + 1 :]))
