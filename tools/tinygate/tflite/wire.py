"""Reads FlatBuffers tables without trusting a single offset.

The wire format (flatbuffers.dev, "FlatBuffer Internals"): everything is little-endian; a table starts with a signed
offset back to its vtable, which holds for every field slot the field's place relative to the table, or 0 for an
absent field; strings, vectors and tables are reached through unsigned forward offsets. Generated accessors follow all
of these blindly. Here each one is checked against the file's length, and budgets on decoded bytes and numbers keep the
cost of aliased vectors (a small file in which thousands of tables share one long vector) proportional to the file.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, TypeVar

from tinygate.errors import ModelFileError

T = TypeVar("T")

_BUDGET_PER_FILE_BYTE = 8
_BUDGET_BASE_BYTES = 4096
_NUMBERS_AT_LEAST = 100_000
_FILE_BYTES_PER_NUMBER = 4  # what a number takes at least, unless vectors are shared
_MOST_TABLES = 25_000  # in vectors: operators, tensors, buffers, …; the most of 259 public models are 1056


@dataclass
class Wire:
    """The bytes of one file and what may still be decoded from them."""

    data: bytes
    budget_bytes: int = field(init=False)
    numbers_left: int = field(init=False)
    tables_left: int = _MOST_TABLES

    def __post_init__(self) -> None:
        self.budget_bytes = _BUDGET_BASE_BYTES + _BUDGET_PER_FILE_BYTE * len(self.data)
        self.numbers_left = _NUMBERS_AT_LEAST + len(self.data) // _FILE_BYTES_PER_NUMBER

    def reject(self, what: str, at: int) -> NoReturn:
        """Raise ModelFileError saying what is wrong at byte `at`."""
        raise ModelFileError(
            f"not a well-formed .tflite: {what} at byte {at} of {len(self.data)}. "
            "The file is truncated or damaged: copy or export it again."
        )

    def span(self, start: int, size_bytes: int, what: str) -> int:
        """Return `start` after checking that `size_bytes` from there lie in the file and within the budget."""
        if start < 0 or size_bytes < 0 or start + size_bytes > len(self.data):
            self.reject(f"{what} reaches outside the file", start)
        self.budget_bytes -= size_bytes
        if self.budget_bytes < 0:
            self.reject(f"{what} is one of too many that share the same bytes", start)
        return start

    def number(self, code: str, at: int, what: str) -> int:
        """Return the integer with `struct` code `code` at byte `at`."""
        value: int = struct.unpack_from(f"<{code}", self.data, self.span(at, struct.calcsize(code), what))[0]
        return value

    def follow(self, at: int, what: str) -> int:
        """Return the byte that the unsigned forward offset at byte `at` points to."""
        offset = self.number("I", at, what)
        if offset == 0:
            self.reject(f"{what} points to itself", at)
        return at + offset

    def count_tables(self, count: int, what: str, at: int) -> None:
        """Take `count` tables of a vector into account; raises ModelFileError if there are more than in any model."""
        self.tables_left -= count
        if self.tables_left < 0:
            self.reject(f"a vector of {count} tables ({what}): more than {_MOST_TABLES}, far beyond any model,", at)

    def root(self) -> Table:
        """Return the root table."""
        return Table.at(self, self.follow(0, "the root offset"), "the root table")


@dataclass(frozen=True)
class Table:
    """One table: where it is and where its fields are."""

    wire: Wire
    start: int
    size_bytes: int
    slots: tuple[int, ...]
    what: str

    @classmethod
    def at(cls, wire: Wire, start: int, what: str) -> Table:
        """Return the table that starts at byte `start`; raises ModelFileError if it cannot be one."""
        vtable = start - wire.number("i", start, what)
        vtable_bytes = wire.number("H", vtable, f"the vtable of {what}")
        if vtable_bytes < 4 or vtable_bytes % 2:
            wire.reject(f"the vtable of {what} has an impossible size", vtable)
        wire.span(vtable, vtable_bytes, f"the vtable of {what}")
        sizes = struct.unpack_from(f"<{vtable_bytes // 2}H", wire.data, vtable)
        wire.span(start, max(sizes[1], 4), what)
        return cls(wire, start, max(sizes[1], 4), sizes[2:], what)

    def place(self, slot: int, size_bytes: int) -> int | None:
        """Return the byte at which field `slot` is stored inline, None if the field is absent."""
        offset = self.slots[slot] if slot < len(self.slots) else 0
        if offset == 0:
            return None
        if offset < 4 or offset + size_bytes > self.size_bytes:
            self.wire.reject(f"field {slot} of {self.what} lies outside its table", self.start + offset)
        return self.start + offset

    def scalar(self, slot: int, code: str, default: T) -> T:
        """Return a number stored inline, `default` if absent. `code` is the `struct` code of its type."""
        at = self.place(slot, struct.calcsize(code))
        if at is None:
            return default
        value: T = struct.unpack_from(f"<{code}", self.wire.data, at)[0]
        return value

    def reference(self, slot: int) -> int | None:
        """Return the byte that the offset in field `slot` points to, None if the field is absent."""
        at = self.place(slot, 4)
        return None if at is None else self.wire.follow(at, f"field {slot} of {self.what}")

    def table(self, slot: int, what: str) -> Table | None:
        """Return the table in field `slot`, None if absent."""
        start = self.reference(slot)
        return None if start is None else Table.at(self.wire, start, what)

    def tables(self, slot: int, what: str, read: Callable[[Table, int], T]) -> tuple[T, ...]:
        """Return `read(table, index)` for every table of the vector in field `slot`; empty if absent."""
        first, count = self._vector(slot, 4)
        self.wire.count_tables(count, what, first)
        return tuple(
            read(Table.at(self.wire, self.wire.follow(first + 4 * i, f"{what} {i}"), f"{what} {i}"), i)
            for i in range(count)
        )

    def numbers(self, slot: int, code: str, kind: type[T]) -> tuple[T, ...]:
        """Return the vector of numbers in field `slot`; empty if absent."""
        first, count = self._vector(slot, struct.calcsize(code))
        self.wire.numbers_left -= count
        if self.wire.numbers_left < 0:
            self.wire.reject(
                f"the vector in field {slot} of {self.what} is one of too many that share the same bytes", first
            )
        values: tuple[T, ...] = struct.unpack_from(f"<{count}{code}", self.wire.data, first)
        return values

    def blob(self, slot: int) -> tuple[int, bytes]:
        """Return file offset and bytes of the byte vector in field `slot`; (0, b"") if absent."""
        first, count = self._vector(slot, 1)
        return first, self.wire.data[first : first + count]

    def text(self, slot: int) -> str:
        """Return the string in field `slot`, undecodable bytes replaced; empty if absent."""
        return self.blob(slot)[1].decode("utf-8", errors="replace")

    def _vector(self, slot: int, item_bytes: int) -> tuple[int, int]:
        start = self.reference(slot)
        if start is None:
            return 0, 0
        what = f"the vector in field {slot} of {self.what}"
        count = self.wire.number("I", start, what)
        return self.wire.span(start + 4, count * item_bytes, what), count
