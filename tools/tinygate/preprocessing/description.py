"""How raw samples become a model's input, as data: what a recipe says, the manifest pins, and all else follows from.

    {"kind": "steps", "width": "float32",
     "raw": {"dtype": "float32", "samples": 50, "axes": ["ax", "ay", "az"], "settings": ["left_wrist"]},
     "steps": [{"step": "flip", "axes": ["ax"], "where": "left_wrist"},
               {"step": "standardise", "mean": [0.1, 0.2, 0.3], "std": [1.5, 1.5, 1.5]},
               {"step": "clip", "low": -4, "high": 4},
               {"step": "layout", "shape": [50, 1, 3]}]}

Steps are carried out in their order; docs/preprocessing.md says what each does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from tinygate.errors import DataError

RAW_BYTES = {"int8": 1, "uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "float32": 4, "float64": 8}
"""Types that a sensor's samples may have, and the bytes of one."""
WIDTHS = ("float32", "float64")
MOST_SETTINGS = 32  # bits of a word
MOST_VALUES, MOST_AXES = 1 << 24, 65_535

_KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # step: keys that it needs, keys that it may have
    "select": (("axes",), ()),
    "reorder": (("axes",), ()),
    "flip": (("axes",), ("where",)),
    "scale": (("by",), ("where",)),
    "offset": (("by",), ("where",)),
    "min_max": (("low", "high"), ("to", "where")),
    "standardise": (("mean", "std"), ("where",)),
    "clip": (("low", "high"), ("where",)),
    "window": (("first", "samples"), ()),
    "layout": (("shape",), ("order",)),
}
STEPS = tuple(_KEYS)


@dataclass(frozen=True)
class RawWindow:
    """A window as the sensor gives it: [samples, axes], row by row, little-endian.

    Attributes:
        dtype: a name of `RAW_BYTES`.
        axes: a name for each axis.
        settings: what a device knows besides the samples, yes or no each: bit 0 first, in a word of 32 bits.
        rate_hz: samples a second, for readers; None where there is no time.
    """

    dtype: str
    samples: int
    axes: tuple[str, ...]
    settings: tuple[str, ...] = ()
    rate_hz: float | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Samples and axes."""
        return self.samples, len(self.axes)

    @property
    def size_bytes(self) -> int:
        """Bytes of one window."""
        return RAW_BYTES[self.dtype] * self.samples * len(self.axes)


@dataclass(frozen=True)
class Description:
    """The steps from a raw window to a model's input.

    Attributes:
        raw: what is given.
        width: the float type that every step computes in, "float32" or "float64"; the input itself is float32.
        steps: each a mapping with "step" and its constants, in order.
    """

    raw: RawWindow
    width: str
    steps: tuple[Mapping[str, Any], ...]


def is_described(constants: Mapping[str, Any]) -> bool:
    """Whether preprocessing constants, as a data set or a manifest has them, describe the way from raw windows.

    Steps of no kind mean to, and are told what is missing.
    """
    return constants.get("kind") in ("steps", "micro_features") or "steps" in constants


def read_description(constants: Mapping[str, Any], where: str = "the preprocessing") -> Description:
    """Return the description in `constants`; `where` says in messages whose it is.

    Raises:
        DataError: a key that is missing, unknown or of another type; names the step.
    """
    unknown = set(constants) - {"kind", "width", "raw", "steps"}
    if constants.get("kind") != "steps" or unknown:
        raise DataError(f"{where}: expected kind = 'steps', width, raw and steps; found {', '.join(constants)}.")
    width = constants.get("width", "float32")
    if width not in WIDTHS:
        raise DataError(f"{where}: width is {width!r}; expected one of {', '.join(WIDTHS)}.")
    steps = constants.get("steps")
    if not isinstance(steps, Sequence) or isinstance(steps, str):
        raise DataError(f"{where}: steps is {steps!r}; expected a list.")
    for number, step in enumerate(steps):
        _check_step(step, f"{where}: steps[{number}]")
    return Description(read_raw(constants.get("raw"), f"{where}: raw"), width, tuple(steps))


def read_raw(given: Any, where: str) -> RawWindow:
    """Return the raw window that is described. Raises DataError, naming the key."""
    if not isinstance(given, Mapping):
        raise DataError(f"{where} is {given!r}; expected dtype, samples and axes.")
    unknown = set(given) - {"dtype", "samples", "axes", "settings", "rate_hz"}
    if unknown:
        raise DataError(f"{where}: unknown key {min(unknown)}; expected dtype, samples, axes, settings, rate_hz.")
    dtype, samples = given.get("dtype"), given.get("samples")
    axes, settings = (_names(given.get(key, ()), f"{where}.{key}") for key in ("axes", "settings"))
    if dtype not in RAW_BYTES:
        raise DataError(f"{where}.dtype is {dtype!r}; expected one of {', '.join(RAW_BYTES)}.")
    if not isinstance(samples, int) or not 1 <= samples <= MOST_VALUES or not 1 <= len(axes) <= MOST_AXES:
        raise DataError(
            f"{where}: {samples!r} samples of {len(axes)} axes; expected 1 to {MOST_VALUES} of 1 to {MOST_AXES}."
        )
    if len(settings) > MOST_SETTINGS:
        raise DataError(f"{where}.settings: {len(settings)} of them; a word has room for {MOST_SETTINGS}.")
    return RawWindow(dtype, samples, axes, settings, given.get("rate_hz"))


def _names(given: Any, where: str) -> tuple[str, ...]:
    names = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
    if len(names) != len(given) or len(set(names)) != len(names) or not all(isinstance(n, str) and n for n in names):
        raise DataError(f"{where} is {given!r}; expected a list of names, each once.")
    return names


def _check_step(step: Any, where: str) -> None:
    name = step.get("step") if isinstance(step, Mapping) else None
    if not isinstance(name, str) or name not in _KEYS:
        raise DataError(f"{where}: {name or step!r} is no step; expected one of {', '.join(STEPS)}.")
    needed, allowed = _KEYS[name]
    for key in needed:
        if key not in step:
            raise DataError(f"{where} ({name}): {key} is missing; expected {', '.join(needed)}.")
    for key in step:
        if key not in ("step", *needed, *allowed):
            raise DataError(f"{where} ({name}): unknown key {key}; expected {', '.join((*needed, *allowed))}.")


def numbers(step: Mapping[str, Any], key: str, count: int, where: str) -> tuple[float, ...]:
    """Return a step's constant for each of `count` axes; a single number stands for all.

    Raises:
        DataError: no finite numbers, or another number of them.
    """
    given = step[key]
    values = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else (given,) * count
    if len(values) != count:
        raise DataError(f"{where}: {key} has {len(values)} numbers for {count} axes; expected one each, or one.")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and isfinite(v) for v in values):
        raise DataError(f"{where}: {key} is {given!r}; expected finite numbers.")
    return tuple(map(float, values))
