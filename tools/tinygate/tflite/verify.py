"""Walks every offset of a file along the schema, as the FlatBuffers verifier of other runtimes does.

The reader follows only what tinygate looks at. A runtime that verifies refuses the file for any broken offset, and one
that does not, TFLM, may follow it; so none may pass here. Every table is visited once, however often it is shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tinygate.tflite.layout import LAYOUTS, UNIONS
from tinygate.tflite.wire import Table, Wire


def verify(wire: Wire) -> None:
    """Check every offset of the file.

    Raises:
        ModelFileError: an offset leads outside the file; or more tables than any model has, which would take minutes.
    """
    _Walk(wire).table(wire.follow(0, "the root offset"), "Model")


@dataclass
class _Walk:
    """What has been seen of one file."""

    wire: Wire
    seen: set[tuple[str, int]] = field(default_factory=set)

    def table(self, start: int, name: str) -> None:
        if (name, start) in self.seen:
            return
        self.seen.add((name, start))
        table = Table.at(self.wire, start, f"a table {name}")
        for slot, kind in enumerate(LAYOUTS.get(name, ())):
            if slot >= len(table.slots):
                return
            if kind.isdigit():
                table.place(slot, int(kind))
            elif kind != "-":
                self.reference(table, slot, kind)

    def reference(self, table: Table, slot: int, kind: str) -> None:
        start = table.reference(slot)
        if start is None:
            return
        if kind.startswith("|"):
            members, number = UNIONS[kind[1:]], table.scalar(slot - 1, "B", 0)
            if not 0 < number <= len(members):
                self.wire.span(start, 4, f"a union of {table.what}")  # none, or of a later schema
                return
            kind = members[number - 1]
        if kind == "s":
            self.string(start, f"the string in field {slot} of {table.what}")
        elif kind[0] == "v":
            self.vector(start, int(kind[1:]), f"the vector in field {slot} of {table.what}")
        elif kind[0] == "[":
            self.tables(start, kind[1:])
        else:
            self.table(start, kind)

    def string(self, start: int, what: str) -> None:
        end = start + 4 + self.vector(start, 1, what)
        if self.wire.number("B", end, what):
            self.wire.reject(f"{what} has no end", end)

    def vector(self, start: int, item_bytes: int, what: str) -> int:
        count = self.wire.number("I", start, what)
        self.wire.span(start + 4, count * item_bytes, what)
        return count

    def tables(self, start: int, name: str) -> None:
        if (f"[{name}", start) in self.seen:
            return
        self.seen.add((f"[{name}", start))
        count = self.vector(start, 4, f"a vector of {name}")
        self.wire.count_tables(count, name, start)
        for place in range(start + 4, start + 4 + 4 * count, 4):
            self.table(self.wire.follow(place, f"a vector of {name}"), name)
