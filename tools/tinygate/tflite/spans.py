"""Which byte of a .tflite belongs to what: every table, string and vector with its place, found along the schema.

Bytes that two tables share count for the one met first; what nothing refers to is padding, or left over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tinygate.tflite.layout import LAYOUTS, UNIONS
from tinygate.tflite.verify import verify
from tinygate.tflite.wire import Table, Wire

HEADER_BYTES = 8  # the root offset and the file identifier


@dataclass(frozen=True)
class Span:
    """Bytes that belong to one thing.

    Attributes:
        start, size_bytes: where; a string's length and final zero included.
        path: the tables from the root to the one that owns it, each with its place in its vector (0 if alone).
        slot: the field of the innermost table that leads there; -1 for the table itself, its vtable, and the length
            before a vector of numbers.
    """

    start: int
    size_bytes: int
    path: tuple[tuple[str, int], ...]
    slot: int

    @property
    def tables(self) -> tuple[str, ...]:
        """Types of the tables on the way."""
        return tuple(name for name, _ in self.path)


def spans_of(data: bytes) -> tuple[Span, ...]:
    """Return what each byte of a file belongs to, in order and without overlap; bytes that nothing claims are left out.

    Raises:
        ModelFileError: not a well-formed file.
    """
    verify(Wire(data))
    walk = _Walk(Wire(data))
    walk.table(walk.wire.follow(0, "the root offset"), (("Model", 0),))
    claimed = bytearray(len(data))
    claimed[:HEADER_BYTES] = b"\1" * HEADER_BYTES
    found = [Span(0, HEADER_BYTES, (("Model", 0),), -1)]
    for span in walk.found:
        found.extend(_unclaimed(span, claimed))
    return tuple(sorted(found, key=lambda span: span.start))


def _unclaimed(span: Span, claimed: bytearray) -> Iterator[Span]:
    """Yield the parts of a span that no earlier one has claimed, and claim them."""
    at, end = span.start, span.start + span.size_bytes
    while (start := claimed.find(0, at, end)) >= 0:
        taken = claimed.find(1, start, end)
        at = end if taken < 0 else taken
        claimed[start:at] = b"\1" * (at - start)
        yield Span(start, at - start, span.path, span.slot)


@dataclass
class _Walk:
    wire: Wire
    found: list[Span] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)

    def table(self, start: int, path: tuple[tuple[str, int], ...]) -> None:
        name = path[-1][0]
        if (name, start) in self.seen:
            return
        self.seen.add((name, start))
        table = Table.at(self.wire, start, f"a table {name}")
        vtable = start - self.wire.number("i", start, table.what)
        self.found.append(Span(start, table.size_bytes, path, -1))
        self.found.append(Span(vtable, 4 + 2 * len(table.slots), path, -1))
        for slot, kind in enumerate(LAYOUTS.get(name, ())[: len(table.slots)]):
            if not kind.isdigit() and kind != "-" and (place := table.reference(slot)) is not None:
                self.reference(table, slot, kind, place, path)

    def reference(self, table: Table, slot: int, kind: str, start: int, path: tuple[tuple[str, int], ...]) -> None:
        if kind.startswith("|"):
            members, number = UNIONS[kind[1:]], table.scalar(slot - 1, "B", 0)
            if not 0 < number <= len(members):
                return
            kind = members[number - 1]
        if kind == "s" or kind[0] in "v[":
            count = self.wire.number("I", start, table.what)
            item_bytes = {"s": 1, "[": 4}.get(kind[0]) or int(kind[1:])
            self.found.append(Span(start, 4, path, -1 if kind[0] == "v" else slot))
            self.found.append(Span(start + 4, count * item_bytes + (kind == "s"), path, slot))
            for index in range(count if kind[0] == "[" else 0):
                where = self.wire.follow(start + 4 + 4 * index, table.what)
                self.table(where, (*path, (kind[1:], index)))
        else:
            self.table(start, (*path, (kind, 0)))
