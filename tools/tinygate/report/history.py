"""The history of variants in words: levels, changes of level with who changed, flakes of tests and boards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from tinygate.errors import EvidenceError
from tinygate.figures import FIGURES
from tinygate.report.trend import Change, changes, drift
from tinygate.store.index import Flakiness
from tinygate.store.ledger import Measured
from tinygate.store.setup import kept_setup, who_changed

Record = tuple[str, Measured]
"""When a run began, and what it found."""


def is_meant(figure: str, metric: str) -> bool:
    """Whether a name that a user typed means a figure: its words are among the figure's ("latency_us")."""
    return set(metric.split("_")) <= set(figure.split("@", maxsplit=1)[0].split("_"))


def history(records: Sequence[Record], figure: str, store: Path) -> Iterator[str]:
    """Yield what there is to say of one figure; the first line is its summary.

    Args:
        records: of one variant at one place, oldest first.
        figure: its name, as records carry it.
        store: the folder that keeps the setups.
    """
    known = [(at, record, record.figures[figure]) for at, record in records if figure in record.figures]
    values = [value for _, _, value in known]
    if not values:
        return
    name = figure.split("@", maxsplit=1)[0]
    show = FIGURES[name].show if name in FIGURES else "{:,.6g}".format
    middle, least, most = float(np.median(values)), min(values), max(values)
    runs = "1 run" if len(values) == 1 else f"{len(values)} runs"
    spread = "" if least == most else f", median {show(middle)}, {show(least)} to {show(most)}"
    yield f"{figure}: {show(values[-1])} ({runs} since {known[0][0][:10]}{spread})"
    found = changes(values, exact=name in FIGURES and FIGURES[name].is_exact)
    for change in found:
        at, record, _ = known[change.first]
        levels = f"{show(change.before)} → {show(change.after)} ({change.percent:+.2f} %)"
        yield f"  changed {at[:10]}, run {record.run}: {levels}; {_who(known[change.first - 1][1], record, store)}"
    yield from _drift(values, found)
    yield from _between_boards(known, show)


def flakes(found: Sequence[Flakiness]) -> Iterator[str]:
    """Yield a line for each test that gave trouble on a board."""
    for one in found:
        rate = 100 * (one.failed + one.retried) / one.runs
        retried = f", passed after a failed attempt in {one.retried}" if one.retried else ""
        yield f"{one.board}: {one.test}: did not pass in {one.failed} of {one.runs} runs{retried} ({rate:.2g} %)"


def _drift(values: Sequence[float], found: Sequence[Change]) -> Iterator[str]:
    slope = drift(values[found[-1].first if found else 0 :])
    if slope is not None:
        interval = f"95 %: {slope.low:+.2f} to {slope.high:+.2f}"
        yield f"  drifts by {slope.percent:+.2f} % in 100 runs ({interval})" + (" since then" if found else "")


def _between_boards(known: Sequence[tuple[str, Measured, float | int]], show: Callable[[float], str]) -> Iterator[str]:
    """Yield how far boards of one kind differ, each told by its median, where a lab's places have measured."""
    values: dict[str, list[float | int]] = {}
    for _, record, value in known:
        if record.lab_place:
            values.setdefault(record.lab_place, []).append(value)
    medians = sorted((float(np.median(of_one)), place) for place, of_one in values.items())
    if len(medians) < 2 or medians[0][0] == medians[-1][0]:
        return
    (least, first), (most, last) = medians[0], medians[-1]
    percent = f" ({100 * (most / least - 1):.2f} %)" if least > 0 else ""
    yield f"  between boards: {show(least)} at {first} to {show(most)} at {last}{percent}, of {len(medians)} places"


def _who(before: Measured, now: Measured, store: Path) -> str:
    if not before.setup or not now.setup:
        return "no board tells under what it was measured"
    try:
        old, new = (kept_setup(store, record.setup).parts for record in (before, now))
    except EvidenceError as error:
        return str(error)
    return ", ".join(who_changed(old, new)) or "nothing that is known changed with it"
