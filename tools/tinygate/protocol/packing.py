"""Data made shorter for the line: blocks of LZ4, whose decoder is small, and the requests that bring a test set."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import lz4.block

from tinygate.protocol.line_messages import KeepRequest
from tinygate.protocol.words import Packing

HISTORY_BYTES = 65_535
_SMALLEST = 64


def lz4_block(data: bytes, history: bytes = b"") -> bytes:
    """Return `data` as a block of LZ4; `history` is what its reader has already."""
    return bytes(lz4.block.compress(data, mode="high_compression", store_size=False, dict=history[-HISTORY_BYTES:]))


def keep_requests(content: bytes, have: int, data_bytes: int, room_now: Callable[[], int]) -> Iterator[KeepRequest]:
    """Yield the requests that bring what is missing of a test set, each as short as it can be.

    Args:
        content: the test set.
        have: bytes of it that are there.
        data_bytes: most that a request may carry, unpacked.
        room_now: says how much may be on a line.
    """
    while have < len(content):
        size, room = min(data_bytes, len(content) - have), room_now()
        while True:
            data, packing = _shortest(content, have, size)
            if len(data) <= room or size <= _SMALLEST:
                break
            size = max(_SMALLEST, min(size - 4, size * room // len(data)) // 4 * 4)
        yield KeepRequest(have, size, data, packing)
        have += size


def _shortest(content: bytes, start: int, size: int) -> tuple[bytes, Packing | None]:
    plain = content[start : start + size]
    ways: list[tuple[bytes, Packing | None]] = [(plain, None)]
    ways.append((lz4_block(plain, content[max(0, start - HISTORY_BYTES) : start]), Packing.LZ4))
    if size % 4 == 0:
        planes = b"".join(plain[offset::4] for offset in range(4))
        ways.append((lz4_block(planes), Packing.PLANES))
    return min(ways, key=lambda way: len(way[0]))
