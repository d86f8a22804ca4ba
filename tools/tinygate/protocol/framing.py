"""Records and how they are written: as a line of text, or as a binary frame on a line that carries all bytes.

A line is `@TG3 <Q|R> <sequence> <id> <kind>[ <key>=<value>]… *<crc32>` ended by CR LF. `@` is escaped inside values, so
the five bytes `@TG3 ` begin a record wherever they appear. A frame is 0x00, the same without prefix and base64, with
its bytes stuffed, and 0x00. docs/protocol.md, section 1.
"""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tinygate.protocol.cobs import cobs_decode, cobs_encode

PREFIX = b"@TG3 "
MARK = b"\x03"
MAX_LINE_BYTES = 4096
MAX_FIELDS = 64
RAW_KEY = "data"
_CRC_BYTES = len(b" *00000000")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,23}\Z")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,15}\Z")
_ID = re.compile(r"[0-9a-f]{8}\Z")
_SEQUENCE = re.compile(r"(0|[1-9][0-9]{0,9})\Z")
_TAIL = re.compile(rb" \*[0-9a-f]{8}\Z")
_UNPRINTABLE = re.compile(rb"[^\x20-\x7e]")
_ESCAPE = re.compile(rb"%([0-9A-F]{2})")
_UNSAFE = re.compile(rb"[^\x21-\x7e]|[%@]")
_UNSAFE_TEXT = re.compile(r"[^\x21-\x7e]|[%@]")

Value = str | bytes
"""Of a field: text, or the bytes of `data` as a frame carries them and before a line has made base64 of them."""


class Direction(StrEnum):
    """Who speaks: Q from host to device, R from device to host."""

    REQUEST = "Q"
    REPLY = "R"


class Reason(StrEnum):
    """Why a piece of a line that could have been a record is none."""

    TRUNCATED = "truncated"  # another record began before this one ended
    TOO_LONG = "too_long"  # a record longer than the buffer
    LINE_TOO_LONG = "line_too_long"  # console text longer than the buffer
    BAD_FRAME = "bad_frame"  # a byte outside 0x20…0x7E, no ` *<crc>` at the end, or lengths that do not fit
    BAD_CRC = "bad_crc"
    BAD_RECORD = "bad_record"  # the CRC is right and the grammar wrong: the sender's bug, not the line's

    @property
    def meaning(self) -> str:
        """What happened to it, in words."""
        words = {Reason.TRUNCATED: "another record begins in it", Reason.BAD_CRC: "its checksum is wrong"}
        too_long = {Reason.TOO_LONG: "it is too long", Reason.LINE_TOO_LONG: "it does not end"}
        return (words | too_long).get(self, "bytes are in it that no record has, or its end is missing")


@dataclass(frozen=True)
class Record:
    """One record: `ident` is the nonce in a request and the boot id in a reply (8 hex digits).

    `crc32` is what it was received with, 8 hex digits, and `framed` whether it came as a frame; of a record that was
    made here they say nothing.
    """

    direction: Direction
    sequence: int
    ident: str
    kind: str
    fields: tuple[tuple[str, Value], ...] = ()
    crc32: str = field(default="", compare=False)
    framed: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Text:
    """Console text, without its line end: evidence for faults, never a result."""

    raw: bytes


@dataclass(frozen=True)
class Damaged:
    """Something that began like a record, or outgrew the buffer; `raw` holds at most the buffer's length."""

    reason: Reason
    raw: bytes


Event = Record | Text | Damaged


def encode(record: Record, max_bytes: int = MAX_LINE_BYTES, framed: bool = False) -> bytes:
    """Return the record as one line with CR LF, or as a frame with both its 0x00.

    A frame in which the prefix would appear is written as a line instead: a receiver would take it for a record.

    Raises:
        ValueError: a part is not allowed by the grammar, or what was written is longer than `max_bytes`.
    """
    if not _is_lawful(record) or not all(map(_can_be_written, record.fields)):
        raise ValueError(f"not a record of the protocol: {record!r}")
    written = _frame(record) if framed else b""
    if not framed or PREFIX in written:
        written = _sealed(PREFIX + _head(record, record.fields)) + b"\r\n"
    if len(written) > max_bytes:
        raise ValueError(f"{record.kind} record of {len(written)} bytes, allowed {max_bytes}: send it in parts")
    return written


def crc_of(written: bytes) -> str:
    """Return the CRC that a line or a frame ends with, as it stands there: 8 hex digits."""
    body = cobs_decode(written[1:-1]) if written.startswith(b"\0") else written.rstrip(b"\r\n")
    assert body is not None
    return body[-8:].decode()


def parse_line(line: bytes) -> Record | Damaged:
    """Return the record in a line that begins with the prefix, its end excluded, or what is wrong with it."""
    if _UNPRINTABLE.search(line) or not _TAIL.match(line[-_CRC_BYTES:]):
        return Damaged(Reason.BAD_FRAME, line)
    return _checked(line, line, len(PREFIX), framed=False)


def parse_frame(stuffed: bytes) -> Record | Damaged:
    """Return the record in a frame, its 0x00 excluded, or what is wrong with it."""
    body = cobs_decode(stuffed)
    if body is None or not _TAIL.match(body[-_CRC_BYTES:]):
        return Damaged(Reason.BAD_FRAME, stuffed)
    return _checked(body, stuffed, len(MARK), framed=True)


def _checked(body: bytes, raw: bytes, start: int, framed: bool) -> Record | Damaged:
    sealed, crc32 = body[:-_CRC_BYTES], body[-8:]
    if int(crc32, 16) != zlib.crc32(sealed):
        return Damaged(Reason.BAD_CRC, raw)
    record = _parse(sealed[start:])
    return replace(record, crc32=crc32.decode(), framed=framed) if record else Damaged(Reason.BAD_RECORD, raw)


def _frame(record: Record) -> bytes:
    """Return a frame: of its data the bytes themselves stand behind a LF, after all other fields."""
    others = tuple(item for item in record.fields if not isinstance(item[1], bytes))
    data = b"".join(b"\n" + value for _, value in record.fields if isinstance(value, bytes))
    return b"\0" + cobs_encode(_sealed(MARK + _head(record, others) + data)) + b"\0"


def _head(record: Record, fields: tuple[tuple[str, Value], ...]) -> bytes:
    head = f"{record.direction} {record.sequence} {record.ident} {record.kind}".encode()
    return b" ".join([head, *(key.encode() + b"=" + _written(value) for key, value in fields)])


def _sealed(body: bytes) -> bytes:
    return b"%s *%08x" % (body, zlib.crc32(body))


def _parse(body: bytes) -> Record | None:
    """Return the record in a body without prefix and CRC, or None when the grammar does not allow it."""
    head, newline, data = body.partition(b"\n")
    try:
        direction, sequence, ident, kind, *pairs = head.decode("ascii").split(" ")
        fields: tuple[tuple[str, Value], ...] = tuple((key, _unescape(value)) for key, value in map(_partition, pairs))
        fields += ((RAW_KEY, data),) if newline else ()
        record = Record(Direction(direction), int(sequence), ident, kind, fields)
    except ValueError:
        return None
    is_whole = bool(data) or not newline
    return record if is_whole and _SEQUENCE.match(sequence) and _is_lawful(record) else None


def _is_lawful(record: Record) -> bool:
    """Return whether the grammar allows all of a record but its values."""
    keys = [key for key, _ in record.fields]
    return bool(
        0 <= record.sequence < 2**32
        and _ID.match(record.ident)
        and _KIND.match(record.kind)
        and all(map(_KEY.match, keys))
        and len(set(keys)) == len(keys) <= MAX_FIELDS
    )


def _can_be_written(item: tuple[str, Value]) -> bool:
    key, value = item
    return bool(value) and (key == RAW_KEY if isinstance(value, bytes) else "\0" not in value)


def _partition(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals or not value:
        raise ValueError(f"not key=value: {pair!r}")
    return key, value


def _written(value: Value) -> bytes:
    if isinstance(value, bytes):
        return base64.b64encode(value)
    if value.isascii() and not _UNSAFE_TEXT.search(value):  # all but a few values: numbers, names, base64
        return value.encode()
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], value.encode())


def _unescape(value: str) -> str:
    raw = value.encode("ascii")
    if _UNPRINTABLE.search(raw) or raw.count(b"%") != len(_ESCAPE.findall(raw)) or b"@" in raw or b"%00" in raw:
        raise ValueError(f"not a value of the protocol: {value!r}")
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw).decode()
