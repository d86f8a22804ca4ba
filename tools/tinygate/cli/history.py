"""`tinygate history`: what the store remembers. Thin: asks the index, prints; it advises and always exits with 0."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.cli.options import Store, store_folder

if TYPE_CHECKING:
    from tinygate.store.index import Index, Subject


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(history)


def history(
    model: Annotated[list[str] | None, typer.Option(help="this model only; may be repeated")] = None,
    variant: Annotated[list[str] | None, typer.Option(help="this variant only; may be repeated")] = None,
    place: Annotated[str | None, typer.Option(help="where the board is: a chip, or chip-virtual, chip-qemu")] = None,
    metric: Annotated[
        str | None, typer.Option(help="these figures only: some words of their names, latency_us")
    ] = None,
    last: Annotated[int, typer.Option(min=1, help="how many runs of each to look at")] = 200,
    store: Store = None,
) -> None:
    """Say how figures went over runs, where they changed and who changed, and how often tests failed on which board."""
    from tinygate.errors import InputError
    from tinygate.report.history import flakes
    from tinygate.report.sanitize import plain
    from tinygate.store.index import Index
    from tinygate.store.ledger import Ledger

    folder = store_folder(store)
    if not Ledger(folder).path.is_file():
        raise InputError(f"{folder}: no run is remembered there; run `tinygate gate` first, or name a --store")
    with Index(folder) as index:
        subjects = _chosen(index, model or (), variant or (), place)
        for subject in subjects:
            _print_one(index, subject, metric, last, folder)
        for title, lines in (
            ("tests that did not pass at once", list(flakes(index.flakiness()))),
            ("runs that have not ended, of which nothing counts", index.incomplete()),
            ("notices", index.ledger.notices),
        ):
            for line in (f"{title}:", *(f"  {plain(line)}" for line in lines)) if lines else ():
                print(line)


def _chosen(index: Index, models: Sequence[str], variants: Sequence[str], place: str | None) -> list[Subject]:
    from tinygate.errors import InputError

    known = index.subjects()
    found = [one for one in known if not models or one.model in models]
    found = [one for one in found if not variants or one.variant in variants]
    found = [one for one in found if place in (None, one.place)]
    if not found:
        names = ", ".join(f"{one.model} {one.variant} at {one.place}" for one in known) or "nothing"
        raise InputError(f"the store remembers no such variant; it remembers {names}")
    return found


def _print_one(index: Index, subject: Subject, metric: str | None, last: int, folder: Path) -> None:
    from tinygate.report import history as words
    from tinygate.report.sanitize import plain

    records = index.history(subject, last)
    names = dict.fromkeys(name for _, record in records for name in record.figures)
    figures = [name for name in names if metric is None or words.is_meant(name, metric)]
    lines = [line for name in figures for line in words.history(records, name, folder)]
    print(plain(f"{subject.model} {subject.variant} at {subject.place}"))
    for line in lines or ["nothing of that was measured"]:
        indent = " " * (2 + len(line) - len(line.lstrip()))
        print(f"{indent}{plain(line.lstrip())}")
