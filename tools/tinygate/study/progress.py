"""Shows on a terminal how far a study is: one bar for all steps, one for each that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tinygate.study.steps import Event, Listen


@contextmanager
def progress(title: str) -> Iterator[Listen]:
    """Give what a workshop may tell its events to."""
    columns = (TextColumn("{task.description:<40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        whole = bars.add_task(f"{title}: steps", total=0)
        running: dict[str, TaskID] = {}

        def listen(event: Event) -> None:
            if event.kind == "planned":
                bars.update(whole, total=event.total)
            elif event.kind == "started":
                running[event.step] = bars.add_task(f"  {event.step}", total=None)
            elif event.kind == "progress" and event.step in running:
                bars.update(running[event.step], completed=event.done, total=event.total)
            elif event.kind in ("kept", "made", "failed"):
                bars.advance(whole)
                if event.step in running:
                    bars.remove_task(running.pop(event.step))

        yield listen
