"""What happens to a lab's places, run after run: one JSON object a line in the store, appended and never rewritten.

From it follows whether a place may be used now: one that failed is set aside until a moment, or until somebody has
looked at it.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tinygate.errors import LabError
from tinygate.redaction import redact
from tinygate.store.disk import append_whole

NAME = "lab.jsonl"
ASIDE_S = 3600.0
"""How long a place stays set aside unless somebody mends it."""

_READ_BYTES = 4 << 20  # the newest of it; twenty thousand events


@dataclass(frozen=True)
class LabEvent:
    """One thing that happened.

    Attributes:
        at: UTC, ISO 8601.
        run: the run's name; "doctor" for somebody who looked.
        what: "taken", "given_back", "lost", "ended", "power_cycled", "set_aside", "mended", "down", "up".
        place: the lab's name; empty for the coordinator.
        work: what was judged there, "gesture-ptq_int8".
        outcome: the verdict of a job that ended.
        reason: why.
        until: until when a place is set aside, UTC, ISO 8601.
    """

    at: str
    run: str
    what: str
    place: str = ""
    work: str = ""
    outcome: str = ""
    reason: str = ""
    until: str = ""


def now() -> datetime.datetime:
    """Return this moment."""
    return datetime.datetime.now(datetime.UTC)


def append_event(store: Path, event: LabEvent) -> None:
    """Append an event. Raises LabError: the disk does not take it."""
    fields = {name: redact(value) for name, value in asdict(event).items() if value}
    try:
        store.mkdir(parents=True, exist_ok=True)
        with (store / NAME).open("ab", buffering=0) as file:
            append_whole(file, (json.dumps(fields, ensure_ascii=True) + "\n").encode())
    except OSError as error:
        raise LabError(f"{store / NAME}: cannot be written ({error.strerror}); name another --store") from error


def events(store: Path) -> Iterator[LabEvent]:
    """Yield the newest events, oldest first; lines that are torn or no events are left out."""
    path = store / NAME
    if not path.is_file():
        return
    with path.open("rb") as file:
        start = max(0, file.seek(0, os.SEEK_END) - _READ_BYTES)
        file.seek(start)
        for line in file.read().split(b"\n")[1 if start else 0 :]:
            with suppress(ValueError, TypeError):
                yield LabEvent(**json.loads(line))


def set_aside(store: Path) -> Mapping[str, LabEvent]:
    """Return the places that may not be used now, each with why and until when."""
    found: dict[str, LabEvent] = {}
    for event in events(store):
        if event.what == "set_aside":
            found[event.place] = event
        elif event.what == "mended":
            found.pop(event.place, None)
    moment = now().isoformat(timespec="seconds")
    return {place: event for place, event in found.items() if event.until > moment}
