"""Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): any bytes without 0x00, at one byte in 254 more."""

from __future__ import annotations

_LONGEST_RUN = 254


def cobs_encode(data: bytes) -> bytes:
    """Return `data` without a 0x00: before each run of other bytes stands its length + 1."""
    out = bytearray()
    for run in data.split(b"\0"):
        while len(run) >= _LONGEST_RUN:
            out.append(_LONGEST_RUN + 1)  # and no 0x00 follows
            out += run[:_LONGEST_RUN]
            run = run[_LONGEST_RUN:]
        out.append(len(run) + 1)
        out += run
    return bytes(out)


def cobs_decode(stuffed: bytes) -> bytes | None:
    """Return what was encoded, or None if a length points beyond the end."""
    out, at = bytearray(), 0
    while at < len(stuffed):
        code = stuffed[at]
        if not code or at + code > len(stuffed):
            return None
        out += stuffed[at + 1 : at + code]
        at += code
        if code <= _LONGEST_RUN and at < len(stuffed):
            out.append(0)
    return bytes(out)
