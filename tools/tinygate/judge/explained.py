"""Which single mistake makes a device's input what it is: all that are known are tried, the first that fits is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.judge.missteps import CLIPS, Host, Misstep, missteps
from tinygate.preprocessing.kinds import as_given
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import Operation
from tinygate.preprocessing.raw import RawWindows

TRIED_WINDOWS = 48
_CLOSE = (
    0.99  # of the values that a mistake gives exactly; the others one step apart: other compilers, fitted constants
)
_FITTED = 0.6
_LARGE = 1e6  # beyond this a value says nothing of constants
Codes = NDArray[Any]


@dataclass(frozen=True)
class Explanation:
    """What a device does.

    Attributes:
        sentence: in words.
        windows: how many of the windows come out as it says.
    """

    sentence: str
    windows: int


def explain(host: Host, raw: RawWindows, device: Codes, expected: Codes) -> Explanation | None:
    """Return the mistake that explains a device's inputs; None if no single one does.

    Args:
        host: how the host makes them.
        raw: all windows.
        device, expected: inputs [N, ...] of the device and of the host.
    """
    if found := _stale(device, expected):
        return found
    differs = np.flatnonzero((device != expected).reshape(len(device), -1).any(axis=1))
    rows = np.unique(differs[np.linspace(0, len(differs) - 1, TRIED_WINDOWS).astype(int)])
    others = np.setdiff1d(np.arange(len(device)), differs)[: TRIED_WINDOWS // 4]
    rows = np.concatenate([rows, others])
    some, theirs = RawWindows(raw.samples[rows], raw.settings[rows]), device[rows]
    unexplained = 1 - _gives(host, Misstep("none"), some, theirs)
    shares = ((misstep, _gives(host, misstep, some, theirs)) for misstep in missteps(host))
    close = None
    for misstep, share in shares:
        if share == 1:
            return Explanation(misstep.sentence, _explained(host, misstep, raw, device))
        if close is None and share >= _CLOSE and 1 - share < unexplained / 2:
            close = misstep
    fitted = (misstep for misstep in _fitted(host, some, theirs) if _gives(host, misstep, some, theirs) >= _FITTED)
    best = close or next(fitted, None)
    return Explanation(best.sentence, _explained(host, best, raw, device)) if best else None


def _stale(device: Codes, expected: Codes) -> Explanation | None:
    """Return that an input is that of another window, whatever the window itself says."""
    count = len(device)
    if count < 3 or (expected == expected[:1]).all():
        return None
    if (device == device[:1]).all() and (device[0] == expected[0]).all():
        sentence = "the input is not refilled between invocations: every window has that of the first"
        return Explanation(sentence, count)
    if (device[1:] == expected[:-1]).all():
        return Explanation("the input is that of the window before", count - 1)
    others_wrong = (device[1:] != expected[1:]).reshape(count - 1, -1).any(axis=1).all()
    if (device[0] == expected[0]).all() and others_wrong and (device[1:] == device[1:2]).all():
        return Explanation("the input is not refilled between invocations: only the first window's is right", count)
    return None


def _given_by(host: Host, misstep: Misstep, raw: RawWindows) -> Codes:
    return host.codes(raw, misstep.plan, misstep.rounding)


def _compared(host: Host, misstep: Misstep, raw: RawWindows, device: Codes) -> tuple[Codes, Codes]:
    """Return what a mistake gives and what the device has, [N, values], without what a shifted window cannot know."""
    given = _given_by(host, misstep, raw).reshape(len(device), -1)
    found = device.reshape(len(device), -1)
    if not misstep.shift:
        return given, found
    plan, shift = host.plan, misstep.shift
    shape = (len(device), len(plan.names), -1) if plan.axes_first else (len(device), -1, len(plan.names))
    axis = 2 if plan.axes_first else 1
    ours, theirs = (np.moveaxis(x.reshape(shape), axis, 1) for x in (given, found))
    early, late = (ours[:, shift:], theirs[:, :-shift]) if shift > 0 else (ours[:, :shift], theirs[:, -shift:])
    return early.reshape(len(device), -1), late.reshape(len(device), -1)


def _gives(host: Host, misstep: Misstep, raw: RawWindows, device: Codes) -> float:
    """Return the share of values that a mistake gives exactly; 0 if one is further off than a step."""
    given, found = _compared(host, misstep, raw, device)
    if given.shape != found.shape:
        return 0.0
    off = given != found
    if host.tensor.scales and np.abs(given.astype(np.int64) - found.astype(np.int64)).max(initial=0) > 1:
        return 0.0
    if not host.tensor.scales and not np.allclose(given, found, rtol=1e-5, atol=1e-6, equal_nan=True):
        return 0.0
    return float(1 - off.mean()) if host.tensor.scales else 1.0


def _explained(host: Host, misstep: Misstep, raw: RawWindows, device: Codes) -> int:
    """Return of how many windows each value is as the mistake gives it, or a step apart."""
    given, found = _compared(host, misstep, raw, device)
    if host.tensor.scales:
        return int((np.abs(given.astype(np.int64) - found.astype(np.int64)) <= 1).all(axis=1).sum())
    return int(np.isclose(given, found, rtol=1e-5, atol=1e-6, equal_nan=True).all(axis=1).sum())


def _fitted(host: Host, raw: RawWindows, device: Codes) -> Iterator[Misstep]:
    """Yield normalisation with other constants: those that the device's values speak for."""
    plan = host.plan
    for number, step in enumerate(host.description.steps):
        places = [i for i, o in enumerate(plan.operations) if o.step == number and o.kind in ("subtract", "divide")]
        behind = [o for o in plan.operations if o.step > number and o.kind not in CLIPS]
        if step["step"] == "standardise" and len(places) == 2 and not behind and host.tensor.scales:
            yield from _other_constants(host, raw, device, places)


def _other_constants(host: Host, raw: RawWindows, device: Codes, places: list[int]) -> Iterator[Misstep]:
    plan = host.plan
    mean, std = (np.array(plan.operations[place].constants) for place in places)
    gain, offset = _lines(host, raw, device)
    std_there = std / gain
    mean_there = mean - offset * std_there
    for sentence, means, stds in (
        ("another mean", mean - offset * std, std),
        ("another standard deviation", mean, std_there),
        ("another mean and standard deviation", mean_there, std_there),
    ):
        operations = list(plan.operations)
        for place, values in zip(places, (means, stds), strict=True):
            operations[place] = _at_width(operations[place], values, plan.width)
        changed = replace(plan, operations=tuple(operations))
        yield Misstep(f"{sentence}: {_differences(host, (mean, means), (std, stds))}", changed)


def _lines(host: Host, raw: RawWindows, device: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gain and offset, [axes] each, of the line from the host's values to the device's, unclipped ones."""
    plan, tensor = host.plan, host.tensor
    free = replace(plan, operations=tuple(o for o in plan.operations if o.kind not in CLIPS))
    ours = prepare(free, as_given(plan.raw, raw.samples), raw.settings)
    theirs = (device.astype(np.float64) - tensor.zero_points[0]) * tensor.scales[0]
    shape = (len(raw), len(plan.names), -1) if plan.axes_first else (len(raw), -1, len(plan.names))
    x, y = (
        np.moveaxis(v.reshape(shape), 1 if plan.axes_first else 2, 0).reshape(len(plan.names), -1)
        for v in (ours, theirs)
    )
    gain, offset = np.ones(len(plan.names)), np.zeros(len(plan.names))
    for axis in range(len(plan.names)):
        low, high = y[axis].min(), y[axis].max()
        edge = 2 * tensor.scales[0]
        inside = (y[axis] > low + edge) & (y[axis] < high - edge) & (np.abs(x[axis]) < _LARGE)
        if inside.sum() > 10 and np.ptp(x[axis][inside]) > 0:
            gain[axis], offset[axis] = np.polyfit(x[axis][inside].astype(np.float64), y[axis][inside], 1)
    return np.where(np.abs(gain) < 1e-6, 1.0, gain), offset


def _at_width(operation: Operation, values: NDArray[np.float64], width: str) -> Operation:
    return replace(operation, constants=tuple(map(float, values.astype(width))))


def _differences(host: Host, *constants: tuple[NDArray[np.float64], NDArray[np.float64]]) -> str:
    """Name the axis on which constants differ most: "of axis wx about 0.21 instead of 0.017"."""
    spread = constants[1][0]
    told = []
    for ours, theirs in constants:
        axis = int((np.abs(theirs - ours) / np.abs(spread)).argmax())
        if theirs[axis] != ours[axis]:
            told.append(f"of axis {host.plan.names[axis]} about {theirs[axis]:.3g} instead of {ours[axis]:.3g}")
    return ", ".join(told)
