"""How much faster variants are, side by side for several places: a chip's time, or the instructions of an emulator.

Each place compares with itself alone: microseconds of one chip and instructions of another have no ratio.
"""

from __future__ import annotations

from tinygate.figures import FIGURES
from tinygate.report.extra import Extra
from tinygate.report.summary import Row, Summary
from tinygate.verdict import Finding

_TIMES = ("latency_median_us", "emulated_cycles")  # the first that was measured
NOTE = (
    "Ratios of instructions that an emulator counts are blind to caches and to waiting for flash: they compare kernels "
    "and instruction sets, not times."
)


def table(summary: Summary) -> Extra:
    """Return the comparison as a table of a report."""
    return Extra("Speed, place by place", header(summary), rows(summary), NOTE)


def header(summary: Summary) -> tuple[str, ...]:
    """Return the titles: model, variant, and for each place the time and the ratio."""
    return ("model", "variant", *(title for place in summary.places for title in (place, "× as fast")))


def rows(summary: Summary) -> list[tuple[str, ...]]:
    """Return the cells of all variants; empty unless several places were judged and one of them knows a time."""
    if len(summary.places) < 2:
        return []
    found = {(row.model, row.variant, row.place): time for row in summary.rows if (time := _time(row)) is not None}
    names = dict.fromkeys((model, variant) for model, variant, _ in found)
    return [(*name, *(cell for place in summary.places for cell in _cells(name, place, found))) for name in names]


def _time(row: Row) -> Finding | None:
    """Return the finding that tells how long a variant takes at a row's place, None if none does."""
    known = (row.find(figure, row.place) for figure in _TIMES if row.place)
    return next((finding for finding in known if finding is not None and finding.value), None)


def _cells(name: tuple[str, str], place: str, found: dict[tuple[str, str, str], Finding]) -> tuple[str, str]:
    """Return a variant's time, and how much faster it is than the model's first variant there."""
    time = found.get((*name, place))
    if time is None:
        return "–", "–"
    first_name = next(variant for model, variant, at in found if (model, at) == (name[0], place))
    first = found[name[0], first_name, place]
    figure = FIGURES[time.figure]
    shown = f"{_number(time):,.0f} {figure.unit}"
    if first.figure != time.figure:
        return shown, "–"
    return shown, f"{_number(first) / _number(time):.2f} × {first_name}"


def _number(finding: Finding) -> float:
    assert isinstance(finding.value, int | float)
    return finding.value
