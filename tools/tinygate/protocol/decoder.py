"""Finds records among console text with a bounded buffer: lines by their prefix, frames by their 0x00 and mark."""

from __future__ import annotations

import re

from tinygate.protocol.framing import (
    MARK,
    MAX_LINE_BYTES,
    PREFIX,
    Damaged,
    Event,
    Reason,
    Text,
    parse_frame,
    parse_line,
)

_LINE_END = re.compile(rb"[\n\0]|" + PREFIX)
_FRAME_END = re.compile(rb"\0|" + PREFIX)


class Decoder:
    """Turns received bytes into events; how the bytes were cut into chunks makes no difference.

    Holds at most `max_line_bytes` (line end excluded) plus the chunk it is given.
    """

    def __init__(self, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self._limit = max_line_bytes
        self._buffer = b""
        self._after_zero = False  # two bytes will tell whether a frame begins
        self._in_frame = False
        self._discarding = False

    @property
    def unfinished(self) -> bytes:
        """What has come and is not ended by a line end or another record; text that will never end, if a board died."""
        return self._buffer

    @property
    def in_text(self) -> bool:
        """Whether what has come since the last event can only be console text."""
        return not (self._in_frame or self._after_zero or self._buffer.startswith(PREFIX))

    @property
    def dropping(self) -> bool:
        """Whether the rest of an overlong piece is being dropped."""
        return self._discarding

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that `data` completes; never raises."""
        events: list[Event] = []
        rest = self._buffer + data
        while True:
            self._look_for_mark(rest)
            begun = len(PREFIX) if rest.startswith(PREFIX) and not self._discarding else 0
            found = (_FRAME_END if self._in_frame else _LINE_END).search(rest, begun)
            if found is None:
                break
            self._finish(rest[: found.start()], found[0], events)
            rest = rest[found.start() if found[0] == PREFIX else found.end() :]
        self._buffer = rest
        self._bound(events)
        return events

    def _look_for_mark(self, piece: bytes) -> None:
        """Decide what follows a 0x00: a frame, whose second byte is the mark, or text."""
        if not self._after_zero or not piece:
            return
        is_text = piece[:1] in (b"\n", b"\0")
        if len(piece) > 1 or is_text:
            self._after_zero, self._in_frame = False, not is_text and piece[1:2] == MARK

    def _finish(self, piece: bytes, end: bytes, events: list[Event]) -> None:
        """End a piece at a line end, at a 0x00, or at the beginning of the next record."""
        discarding, self._discarding = self._discarding, False
        in_frame, self._in_frame = self._in_frame, False
        self._after_zero = end == b"\0"
        if discarding:  # then the piece is what an overlong one ended with: no record begins inside a piece
            return
        if len(piece) > self._limit:
            events.append(self._overlong(piece, in_frame))
        elif in_frame:
            events.append(parse_frame(piece) if end == b"\0" else Damaged(Reason.TRUNCATED, piece))
        elif piece.startswith(PREFIX):
            events.append(parse_line(piece.rstrip(b"\r")) if end == b"\n" else Damaged(Reason.TRUNCATED, piece))
        elif text := piece.rstrip(b"\r"):
            events.append(Text(text))

    def _bound(self, events: list[Event]) -> None:
        """Keep the unfinished piece within the limit; its last bytes may be the beginning of a prefix."""
        keep = _partial_prefix(self._buffer)
        if not self._discarding and len(self._buffer) - keep > self._limit:
            events.append(self._overlong(self._buffer, self._in_frame))
            self._discarding = True
        if self._discarding:
            self._buffer = self._buffer[len(self._buffer) - keep :]

    def _overlong(self, piece: bytes, in_frame: bool) -> Damaged:
        is_record = in_frame or piece.startswith(PREFIX)
        return Damaged(Reason.TOO_LONG if is_record else Reason.LINE_TOO_LONG, piece[: self._limit])


def _partial_prefix(piece: bytes) -> int:
    return next((n for n in range(len(PREFIX) - 1, 0, -1) if piece.endswith(PREFIX[:n])), 0)
