"""Records on a serial line: encode one, and find them among console text with a bounded buffer.

A record is `@TG3 <Q|R> <sequence> <id> <kind>[ <key>=<value>…] *<crc32>` ended by CR LF. `@` is escaped inside
values, so the five bytes `@TG3 ` begin a record wherever they appear, even after console text on the same line.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

PREFIX = b"@TG3 "
MAX_LINE_BYTES = 4096
MAX_FIELDS = 64
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


class Direction(StrEnum):
    """Who speaks: Q from host to device, R from device to host."""

    REQUEST = "Q"
    REPLY = "R"


class Reason(StrEnum):
    """Why a piece of a line that could have been a record is none."""

    TRUNCATED = "truncated"  # another record began before this one ended
    TOO_LONG = "too_long"  # a record longer than the buffer
    LINE_TOO_LONG = "line_too_long"  # console text longer than the buffer
    BAD_FRAME = "bad_frame"  # a byte outside 0x20…0x7E, or no ` *<crc>` at the end
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

    `crc32` is what it was received with, 8 hex digits; empty for a record that was made here.
    """

    direction: Direction
    sequence: int
    ident: str
    kind: str
    fields: tuple[tuple[str, str], ...] = ()
    crc32: str = field(default="", compare=False)


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


def encode(record: Record, max_bytes: int = MAX_LINE_BYTES) -> bytes:
    """Return the record as one line with CR LF.

    Raises:
        ValueError: a part is not allowed by the grammar, or the line is longer than `max_bytes`.
    """
    if not _is_lawful(record) or not all(value and "\0" not in value for _, value in record.fields):
        raise ValueError(f"not a record of the protocol: {record!r}")
    head = f"{record.direction} {record.sequence} {record.ident} {record.kind}".encode()
    body = PREFIX + b" ".join([head, *(key.encode() + b"=" + _escape(value) for key, value in record.fields)])
    line = b"%s *%08x\r\n" % (body, zlib.crc32(body))
    if len(line) > max_bytes:
        raise ValueError(f"{record.kind} record of {len(line)} bytes, allowed {max_bytes}: send it in parts")
    return line


class Decoder:
    """Turns received bytes into events; how the bytes were cut into chunks makes no difference.

    Holds at most `max_line_bytes` (line end excluded) plus the chunk it is given.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._limit = max_line_bytes
        self._buffer = b""
        self._discarding = False

    @property
    def unfinished(self) -> bytes:
        """What has come and is not ended by a line end or another record; text that will never end, if a board died."""
        return self._buffer

    @property
    def dropping(self) -> bool:
        """Whether the rest of an overlong piece is being dropped."""
        return self._discarding

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes; never raises."""
        events: list[Event] = []
        *lines, rest = (self._buffer + data).split(b"\n")
        for line in lines:
            *early, last = _pieces(line)
            for piece in early:
                self._finish(piece, events, Reason.TRUNCATED)
            self._finish(last, events)
        *early, self._buffer = _pieces(rest)
        for piece in early:
            self._finish(piece, events, Reason.TRUNCATED)
        self._bound(events)
        return events

    def _finish(self, piece: bytes, events: list[Event], record_fault: Reason | None = None) -> None:
        """End a piece at a line end, or at the beginning of the next record (`record_fault`)."""
        discarding, self._discarding = self._discarding, False
        if discarding:  # then the piece is what an overlong one ended with: no record begins inside a piece
            return
        is_record = piece.startswith(PREFIX)
        if len(piece) > self._limit:
            events.append(_overlong(piece, self._limit))
        elif is_record:
            events.append(Damaged(record_fault, piece) if record_fault else _record(piece.rstrip(b"\r")))
        elif text := piece.rstrip(b"\r"):
            events.append(Text(text))

    def _bound(self, events: list[Event]) -> None:
        """Keep the unfinished piece within the limit; its last bytes may be the beginning of a prefix."""
        keep = _partial_prefix(self._buffer)
        if not self._discarding and len(self._buffer) - keep > self._limit:
            events.append(_overlong(self._buffer, self._limit))
            self._discarding = True
        if self._discarding:
            self._buffer = self._buffer[len(self._buffer) - keep :]


def _pieces(line: bytes) -> list[bytes]:
    """Split a line where records begin; the first piece is what came before the first of them."""
    first, *records = line.split(PREFIX)
    return [first, *(PREFIX + record for record in records)]


def _partial_prefix(piece: bytes) -> int:
    return next((n for n in range(len(PREFIX) - 1, 0, -1) if piece.endswith(PREFIX[:n])), 0)


def _overlong(piece: bytes, limit: int) -> Damaged:
    return Damaged(Reason.TOO_LONG if piece.startswith(PREFIX) else Reason.LINE_TOO_LONG, piece[:limit])


def _record(line: bytes) -> Record | Damaged:
    body, tail = line[:-_CRC_BYTES], line[-_CRC_BYTES:]
    if _UNPRINTABLE.search(line) or not _TAIL.match(tail):
        return Damaged(Reason.BAD_FRAME, line)
    if int(tail[2:], 16) != zlib.crc32(body):
        return Damaged(Reason.BAD_CRC, line)
    record = _parse(body)
    return replace(record, crc32=tail[2:].decode()) if record else Damaged(Reason.BAD_RECORD, line)


def _parse(body: bytes) -> Record | None:
    """Return the record in a body without CRC, or None when the grammar does not allow it."""
    try:
        _, direction, sequence, ident, kind, *pairs = body.decode("ascii").split(" ")
        fields = tuple((key, _unescape(value)) for key, _, value in (_partition(pair) for pair in pairs))
        record = Record(Direction(direction), int(sequence), ident, kind, fields)
    except ValueError:
        return None
    return record if _SEQUENCE.match(sequence) and _is_lawful(record) else None


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


def _partition(pair: str) -> tuple[str, str, str]:
    key, equals, value = pair.partition("=")
    if not equals or not value:
        raise ValueError(f"not key=value: {pair!r}")
    return key, equals, value


def _escape(value: str) -> bytes:
    if value.isascii() and not _UNSAFE_TEXT.search(value):  # all but a few values: numbers, names, base64
        return value.encode()
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], value.encode())


def _unescape(value: str) -> str:
    raw = value.encode("ascii")
    if raw.count(b"%") != len(_ESCAPE.findall(raw)) or b"@" in raw or b"%00" in raw:
        raise ValueError(f"not a value of the protocol: {value!r}")
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), raw).decode()
