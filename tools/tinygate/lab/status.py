"""What a lab's places are doing, as a table: who has them, since when, their health, what they have judged lately."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table
from rich.text import Text

from tinygate.lab.places import Place
from tinygate.report.sanitize import plain
from tinygate.store.lab_log import LabEvent, events, set_aside
from tinygate.verdict import Verdict

_SHOWN = 5


def table(places: Sequence[Place], store: Path) -> Table:
    """Return a row for each place.

    Args:
        places: of the lab, now.
        store: the folder that remembers what became of them.
    """
    found = Table("place", "board", "who", "since", "health", "last verdicts", "flakes", box=None, pad_edge=False)
    ended: dict[str, list[LabEvent]] = defaultdict(list)
    for event in events(store):
        if event.what == "ended":
            ended[event.place].append(event)
    aside = set_aside(store)
    for place in places:
        words = f"{place.tags.get('target', '?')} {place.tags.get('board', '')}".strip()
        cells = (place.name, words, *_holder(place), _health(place, aside.get(place.name)), *_record(ended[place.name]))
        found.add_row(*(Text(plain(cell)) for cell in cells))
    return found


def _holder(place: Place) -> tuple[str, str]:
    if not place.holder:
        return ("about to be taken" if place.reserved else "free"), ""
    at = datetime.datetime.fromtimestamp(place.since, datetime.UTC).astimezone()
    return place.holder, f"{at:%H:%M:%S}" if at.date() == datetime.datetime.now().date() else f"{at:%F %H:%M}"


def _health(place: Place, aside: LabEvent | None) -> str:
    if aside is not None:
        until = datetime.datetime.fromisoformat(aside.until).astimezone()
        return f"set aside until {until:%H:%M}: {aside.reason}"
    return "ok" if place.has_port else "no exporter offers its port"


def _record(ended: Sequence[LabEvent]) -> tuple[str, str]:
    """Return the last verdicts, newest first, and the share of jobs for whose end the lab is to blame."""
    if not ended:
        return "", ""
    failed = sum(event.outcome == Verdict.ERROR and bool(event.reason) for event in ended)  # others told of an input
    return " ".join(event.outcome for event in ended[: -_SHOWN - 1 : -1]), f"{failed} of {len(ended)}"
