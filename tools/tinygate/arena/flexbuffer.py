"""Integers of a FlexBuffer map or vector, in which custom operators keep their options.

The wire format (flatbuffers.dev, "FlexBuffers"): read from the end: the width of the root, its packed type, the root.
A map is a vector of values in the order of its sorted keys, preceded by its size, its keys' width and their vector.
Every offset is checked: whatever is malformed yields no values.
"""

from __future__ import annotations

import struct

_MAP = 9
_SIGNED = {1: "b", 2: "h", 4: "i", 8: "q"}


def flexbuffer_integers(data: bytes) -> dict[str, int]:
    """Return the numbers of the root map by key; {} if `data` is no such map. Floats are cut to their bits."""
    try:
        return _map_integers(data)
    except (IndexError, struct.error, KeyError, ValueError):
        return {}


def _number(data: bytes, at: int, width: int) -> int:
    if at < 0 or at + width > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + width], "little")


def _signed(data: bytes, at: int, width: int) -> int:
    if at < 0:
        raise IndexError(at)
    value: int = struct.unpack_from(f"<{_SIGNED[width]}", data, at)[0]
    return value


def _map_integers(data: bytes) -> dict[str, int]:
    root_width, packed = data[-1], data[-2]
    if packed >> 2 != _MAP or root_width not in _SIGNED:
        return {}
    root = len(data) - 2 - root_width
    width = 1 << (packed & 3)
    values = root - _number(data, root, root_width)
    count = _number(data, values - width, width)
    if count > len(data):
        return {}
    keys_width = _number(data, values - 2 * width, width)
    keys = values - 3 * width - _number(data, values - 3 * width, width)
    return {
        _key(data, keys + i * keys_width, keys_width): _signed(data, values + i * width, width) for i in range(count)
    }


def _key(data: bytes, at: int, width: int) -> str:
    start = at - _number(data, at, width)
    if start < 0:
        raise IndexError(start)
    return data[start : data.index(b"\0", start)].decode()
