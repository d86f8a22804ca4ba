"""A further table of a report: beside the gate's own, where there is something to show in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Extra:
    """A table of cells of text.

    Attributes:
        title: its heading.
        titles: the heads of its columns.
        rows: cells in the order of `titles`; without any the table is not shown.
        note: what must be known to read it.
        names: how many columns say what a row is about; the others are numbers.
    """

    title: str
    titles: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str
    names: int = 2
