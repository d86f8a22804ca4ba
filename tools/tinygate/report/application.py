"""How the model does beside its application: time idle and while it runs, and what it all takes of memory."""

from __future__ import annotations

from collections.abc import Sequence

from tinygate.figures import FIGURES, PARTS, flash_of, static_ram_of
from tinygate.report import speed
from tinygate.report.extra import Extra
from tinygate.report.summary import Row, Summary
from tinygate.report.table import name_titles
from tinygate.verdict import Verdict

_STATISTICS = ("median", "p99", "max")
_IDLE = tuple(f"latency_{which}_us" for which in _STATISTICS)
_RUNNING = tuple(f"latency_running_{which}_us" for which in _STATISTICS)
_CYCLES = ("emulated_cycles", "emulated_running_cycles")
_IN_USE = ("ram_used_bytes", "heap_least_free_bytes", "stack_least_free_bytes")
_MEMORIES = {
    "flash": (*map(flash_of, PARTS), "flash_bytes"),
    "static RAM": (*map(static_ram_of, PARTS), "static_ram_bytes"),
}


def extras_of(summary: Summary) -> list[Extra]:
    """Return every further table of a report that has something to show, in their order."""
    return [table for table in (speed.table(summary), *tables(summary)) if table.rows]


def tables(summary: Summary) -> list[Extra]:
    """Return the tables of time and of memory; those of which nothing is known have no rows."""
    names = name_titles(summary)
    time = [f"{state}, {which}, µs" for state in ("idle", "running") for which in _STATISTICS]
    title, note = "Beside the application", "The application idle, and with its tasks, timers and interrupts going."
    parts = [row for name, figures in _MEMORIES.items() for row in _rows(summary, figures, figures[:-1], (name,))]
    ram = tuple(FIGURES[figure].title for figure in _IN_USE)
    return [
        Extra(title, (*names, *time), _rows(summary, (*_IDLE, *_RUNNING), _RUNNING), note, len(names)),
        Extra(
            title,
            (*names, *(FIGURES[f].title for f in _CYCLES)),
            _rows(summary, _CYCLES, _CYCLES[1:]),
            note,
            len(names),
        ),
        Extra("Memory in use", (*names, *ram), _rows(summary, _IN_USE, _IN_USE), "", len(names)),
        Extra(
            "Memory by part",
            (*names, "bytes of", *PARTS, "whole"),
            sorted(parts, key=lambda row: row[: len(names)]),
            "tinygate is what answers the gate: it does not ship. A model of the application's own is among the rest.",
            len(names) + 1,
        ),
    ]


def _rows(
    summary: Summary, figures: Sequence[str], shown_by: Sequence[str], further: tuple[str, ...] = ()
) -> list[tuple[str, ...]]:
    """Return a row of cells for each variant of which one of the figures in `shown_by` is known."""
    places = len(summary.places) > 1
    return [
        (
            row.model,
            row.variant,
            *((row.place,) if places else ()),
            *further,
            *(_cell(row, f, summary) for f in figures),
        )
        for row in summary.shown_rows
        if any(_value(row, figure, summary) is not None for figure in shown_by)
    ]


def _value(row: Row, figure: str, summary: Summary) -> float | None:
    found = row.find(figure, row.place or summary.places[0])
    return found.value if found is not None and isinstance(found.value, int | float) else None


def _cell(row: Row, figure: str, summary: Summary) -> str:
    value = _value(row, figure, summary)
    if value is None:
        return "–"
    found = row.find(figure, row.place or summary.places[0])
    shown = FIGURES[figure].show(value)
    return shown if found is None or found.verdict in (None, Verdict.PASS) else f"{shown} {found.verdict}"
