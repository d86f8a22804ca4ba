"""An entry of a baseline beside what a run found: line by line, for people who decide whether to set it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from tinygate.model.baseline import Entry
from tinygate.store.setup import conditions_that_differ, who_changed

_TOLD = 5  # operators that a sentence names before it counts the rest


def difference(before: Entry | None, now: Entry) -> Iterator[str]:
    """Yield what differs, and the profile if there is one; a single line if nothing does."""
    if before is None:
        yield "no baseline is set"
        before = Entry(run="", figures={})
    elif changed := conditions_that_differ(before.setup, now.setup):
        yield f"another configuration: {'; '.join(changed)}"
    lines = [*_figures(before, now), *_profile(before, now)]
    if before.run:
        lines += [f"changed: {part}" for part in who_changed(before.parts, now.parts)]
    yield from lines or ["as the baseline"]


def operator_names(operators: Sequence[str]) -> list[str]:
    """Return names that tell operators of a kind apart: "CONV_2D", "CONV_2D #2"."""
    seen: Counter[str] = Counter()
    names = []
    for operator in operators:
        seen[operator] += 1
        names.append(operator if seen[operator] == 1 else f"{operator} #{seen[operator]}")
    return names


def column(ticks: Sequence[Sequence[float]], number: int) -> list[float]:
    """Return one operator's ticks, a value per boot."""
    return [boot[number] for boot in ticks]


def profile(before: Entry, now: Entry) -> list[tuple[str, float | None, float]]:
    """Return name, ticks in the baseline if it has the same operators, and ticks now of each operator: medians."""
    comparable = bool(before.ticks) and before.operators == now.operators
    return [
        (
            name,
            float(np.median(column(before.ticks, number))) if comparable else None,
            float(np.median(column(now.ticks, number))),
        )
        for number, name in enumerate(operator_names(now.operators) if now.ticks else [])
    ]


def profile_sentence(operators: Sequence[str], ticks: Sequence[float], before: Entry | None = None) -> str:
    """Say which operators take most of the time, each with its share and, against a baseline's, its factor."""
    now = Entry(run="", figures={}, operators=tuple(operators), ticks=(tuple(ticks),))
    rows = sorted(profile(before or now, now), key=lambda row: -row[2])
    total = sum(new for _, _, new in rows) or 1.0
    told = [
        f"{name} {100 * new / total:.0f} %" + (f" (× {new / old:.2f})" if old and before else "")
        for name, old, new in rows[:_TOLD]
    ]
    more = f" and {len(rows) - _TOLD} more" if len(rows) > _TOLD else ""
    return f"Of {total:,.0f} ticks: {', '.join(told)}{more}."


def _figures(before: Entry, now: Entry) -> Iterator[str]:
    for name in dict.fromkeys([*before.figures, *now.figures]):
        old, new = before.figures.get(name), now.figures.get(name)
        if old != new:
            change = f" ({new - old:+,})" if old is not None and new is not None else ""
            yield f"{name}: {_shown(old)} → {_shown(new)}{change}"
    if before.latency_us or now.latency_us:
        old, new = (float(np.median(entry.latency_us)) if entry.latency_us else None for entry in (before, now))
        change = f" ({100 * (new - old) / old:+.2f} %)" if old and new is not None else ""
        yield f"latency_median_us: {_shown(old)} → {_shown(new)}{change}"


def _profile(before: Entry, now: Entry) -> Iterator[str]:
    rows = profile(before, now)
    total = sum(new for _, _, new in rows) or 1.0
    for name, old, new in rows:
        against = f"× {new / old:.2f} of {old:,.0f}" if old else ""
        yield f"  {name:<28} {new:>12,.0f} ticks {100 * new / total:>5.1f} %  {against}".rstrip()


def _shown(value: float | int | None) -> str:
    return "none" if value is None else f"{value:,.10g}"
