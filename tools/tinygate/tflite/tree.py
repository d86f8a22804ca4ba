"""A whole .tflite as a tree of tables, read along the schema's layouts and written again without what is not wanted.

Nothing is interpreted: an operator's options are carried over though nobody here decodes them. What is written shares
equal tables, strings and vectors, as FlatBuffers allow, and aligns the data of buffers to 16 bytes, as TensorFlow Lite
Micro, which reads constants in place, demands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tinygate.errors import ModelFileError
from tinygate.tflite.layout import LAYOUTS, UNIONS
from tinygate.tflite.schema import FILE_IDENTIFIER
from tinygate.tflite.verify import verify
from tinygate.tflite.wire import Table, Wire

DATA_ALIGNMENT_BYTES = 16
_WRITE_SCALAR = {1: "Uint8", 2: "Uint16", 4: "Uint32", 8: "Uint64"}
_EXTERNAL = {"Model": (8, 9), "Buffer": (1, 2)}  # data that do not stand in the FlatBuffer itself


@dataclass
class Vector:
    """A vector of numbers as its bytes; a string is one of single bytes."""

    item_bytes: int
    data: bytes
    is_text: bool = False


@dataclass
class TableNode:
    """A table: its type in the schema, and its fields by slot: a number's bytes, a vector, a table, or tables."""

    name: str
    fields: dict[int, Any] = field(default_factory=dict)

    def number(self, slot: int, default: int = 0) -> int:
        """Return a field that is an unsigned number; `default` if it is absent."""
        return int.from_bytes(self.fields[slot], "little") if slot in self.fields else default

    def set_number(self, slot: int, value: int, size_bytes: int = 4) -> None:
        """Set a field that is an unsigned number."""
        self.fields[slot] = value.to_bytes(size_bytes, "little")


def read_tree(data: bytes) -> TableNode:
    """Return the root table of a .tflite with all that hangs on it.

    Raises:
        ModelFileError: not a well-formed file, or one that could not be written again whole: with fields or options of
            a later schema, or with data outside the FlatBuffer.
    """
    wire = Wire(data)
    verify(Wire(data))  # on a budget of its own
    return _read(Table.at(wire, wire.follow(0, "the root offset"), "the root table"), "Model")


def _read(table: Table, name: str) -> TableNode:
    layout = LAYOUTS.get(name, ())
    present = {slot for slot, place in enumerate(table.slots) if place}
    if beyond := {slot for slot in present if slot >= len(layout)}:
        raise ModelFileError(
            f"a table {name} has fields {sorted(beyond)}, which this schema has not; the file comes from a later "
            "converter and cannot be written again whole."
        )
    if outside := present & set(_EXTERNAL.get(name, ())):
        raise ModelFileError(f"a table {name} keeps data outside the FlatBuffer (fields {sorted(outside)}).")
    return TableNode(name, {slot: _field(table, slot, layout[slot]) for slot in sorted(present) if layout[slot] != "-"})


def _field(table: Table, slot: int, kind: str) -> Any:
    if kind.isdigit():
        at = table.place(slot, int(kind)) or 0
        return table.wire.data[at : at + int(kind)]
    if kind == "s":
        return Vector(1, table.blob(slot)[1], is_text=True)
    if kind[0] == "v":
        size_bytes = int(kind[1:])
        start = table.reference(slot) or 0
        count = table.wire.number("I", start, f"a vector of {table.what}")
        first = table.wire.span(start + 4, count * size_bytes, f"a vector of {table.what}")
        return Vector(size_bytes, table.wire.data[first : first + count * size_bytes])
    if kind[0] == "[":
        return list(table.tables(slot, kind[1:], lambda each, _: _read(each, kind[1:])))
    member = _member(table, slot, kind) if kind[0] == "|" else kind
    found = table.table(slot, f"a table {member}")
    return None if found is None else _read(found, member)


def _member(table: Table, slot: int, kind: str) -> str:
    members, number = UNIONS[kind[1:]], table.scalar(slot - 1, "B", 0)
    if not 0 < number <= len(members):
        raise ModelFileError(f"{table.what} has a member {number} of {kind[1:]}, which this schema has not.")
    return members[number - 1]


def write_tree(root: TableNode) -> bytes:
    """Return the tree as the content of a .tflite file; the same tree gives the same bytes."""
    import flatbuffers

    writer = _Writer(flatbuffers.Builder(1024))
    writer.builder.Finish(writer.table(root), FILE_IDENTIFIER.encode())
    return bytes(writer.builder.Output())


@dataclass
class _Writer:
    """Writes each table, string and vector once; equal ones are the same from then on."""

    builder: Any
    written: dict[Any, int] = field(default_factory=dict)

    def table(self, node: TableNode) -> int:
        alignment = DATA_ALIGNMENT_BYTES if node.name == "Buffer" else 0
        fields = {slot: self.value(value, alignment) for slot, value in node.fields.items() if value is not None}
        return self._once((node.name, tuple(sorted(fields.items()))), lambda: self._table(fields))

    def _table(self, fields: dict[int, bytes | int]) -> int:
        self.builder.StartObject(1 + max(fields, default=-1))
        for slot, value in sorted(fields.items(), key=lambda item: (-_size(item[1]), -item[0])):
            if isinstance(value, int):
                self.builder.PrependUOffsetTRelativeSlot(slot, value, 0)
            else:
                prepend = getattr(self.builder, f"Prepend{_WRITE_SCALAR[len(value)]}Slot")
                prepend(slot, int.from_bytes(value, "little"), None)
        return int(self.builder.EndObject())

    def value(self, value: Any, alignment: int) -> bytes | int:
        """Return a number's bytes as they are, and the offset of everything else."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, TableNode):
            return self.table(value)
        if isinstance(value, list):
            offsets = [self.table(each) for each in value]
            return self._once(("tables", tuple(offsets)), lambda: self._offsets(offsets))
        alignment = alignment or value.item_bytes
        key = (value.is_text, value.item_bytes, alignment, value.data)
        return self._once(key, lambda: self._vector(value, alignment))

    def _vector(self, vector: Vector, alignment: int) -> int:
        if vector.is_text:
            return int(self.builder.CreateString(vector.data))
        builder, size_bytes = self.builder, len(vector.data)
        builder.StartVector(vector.item_bytes, size_bytes // vector.item_bytes, alignment)
        builder.head -= size_bytes
        builder.Bytes[builder.head : builder.head + size_bytes] = vector.data
        return int(builder.EndVector())

    def _offsets(self, offsets: list[int]) -> int:
        self.builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self.builder.PrependUOffsetTRelative(offset)
        return int(self.builder.EndVector())

    def _once(self, key: Any, write: Callable[[], int]) -> int:
        if key not in self.written:
            self.written[key] = write()
        return self.written[key]


def _size(value: bytes | int) -> int:
    return 4 if isinstance(value, int) else len(value)
