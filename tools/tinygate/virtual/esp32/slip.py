"""SLIP framing (RFC 1055), as the ROM bootloader's serial protocol uses it: a frame begins and ends with 0xC0."""

from __future__ import annotations

_END, _ESCAPE = 0xC0, 0xDB
_ESCAPES = {0xDC: _END, 0xDD: _ESCAPE}
_MAX_FRAME_BYTES = 1 << 17  # above any request of the protocol: 16 KiB of data, escaped


def encode(payload: bytes) -> bytes:
    """Return `payload` as one frame."""
    body = payload.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    return b"\xc0" + body + b"\xc0"


class SlipDecoder:
    """Turns a stream of bytes into frames; noise between frames, broken escapes and endless frames are dropped."""

    def __init__(self) -> None:
        self._frame: bytearray | None = None

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads of the frames that `data` completes."""
        frames = []
        pieces = data.split(b"\xc0")
        for index, piece in enumerate(pieces):
            if self._frame is not None:
                self._frame += piece
                if len(self._frame) > _MAX_FRAME_BYTES:
                    self._frame = None
            if index == len(pieces) - 1:
                break
            # An empty frame is a second 0xC0 in a row: the first ended one frame, this one starts the next.
            if self._frame:
                payload = _unescape(bytes(self._frame))
                if payload is not None:
                    frames.append(payload)
                self._frame = None
            else:
                self._frame = bytearray()
        return frames


def _unescape(body: bytes) -> bytes | None:
    if _ESCAPE not in body:
        return body
    head, *pieces = body.split(b"\xdb")
    payload = bytearray(head)
    for piece in pieces:
        if not piece or piece[0] not in _ESCAPES:
            return None
        payload.append(_ESCAPES[piece[0]])
        payload += piece[1:]
    return bytes(payload)
