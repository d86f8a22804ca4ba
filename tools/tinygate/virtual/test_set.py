"""A test set that a board keeps in its flash, of real values or raw windows, and the windows that a model makes of it.

The first sector holds whose it is and whether it is whole; the windows follow: each one's inputs one after the other as
little-endian float32, or as the sensor gives it. Flashing an application leaves it alone.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.protocol import KeepRequest, Tensor
from tinygate.virtual.packed import unpacked

_SECTOR_BYTES = 4096
_HEADER = struct.Struct("<64sI?")
_HISTORY_BYTES = 65_536


class TestSet:
    """The kept test set of one board; every method sees what an earlier boot has kept."""

    __test__ = False  # for pytest: its name is no test's

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._have = 0
        self.capacity = max(0, len(memory) - _SECTOR_BYTES)

    def open(self, sha256: str, size_bytes: int) -> int:
        """Return how many bytes of a set are here, from its beginning on; of another one nothing is left.

        Raises:
            ValueError: there is no room for it.
        """
        if not 0 < size_bytes <= self.capacity:
            raise ValueError(f"size_bytes={size_bytes}: there is room for {self.capacity}")
        if (sha256, size_bytes) != self._kept()[:2]:
            self._write_header(sha256, size_bytes, is_whole=False)
            self._have = 0
        elif self._kept()[2]:
            self._have = size_bytes
        return self._have

    def keep(self, request: KeepRequest) -> int:
        """Append bytes; return how many are here then: none if all are and they are not those of the sha256.

        Raises:
            ValueError: they do not follow what is here, or are not what was told of them.
        """
        sha256, size_bytes, is_whole = self._kept()
        if is_whole or request.offset != self._have or request.offset + request.size_bytes > size_bytes:
            raise ValueError(
                f"offset={request.offset}, {request.size_bytes} bytes: {self._have} of {size_bytes} are here"
            )
        history = bytes(self._values(max(0, self._have - _HISTORY_BYTES), self._have))
        data = unpacked(request.data, request.packing, request.size_bytes, history)
        self._values(self._have, self._have + len(data))[:] = data
        self._have += len(data)
        if self._have == size_bytes:
            is_right = hashlib.sha256(self._values(0, size_bytes)).hexdigest() == sha256
            self._write_header(sha256, size_bytes, is_whole=is_right)
            self._have = size_bytes if is_right else 0
        return self._have

    def windows(self, first: int, count: int, inputs: Sequence[Tensor]) -> list[bytes]:
        """Return windows as a model takes them: quantized as its inputs demand.

        Raises:
            ValueError: the set is not whole, has not these windows, or an input takes other than real values.
        """
        elements = [int(np.prod(tensor.shape, dtype=np.int64)) for tensor in inputs]
        row_bytes = 4 * sum(elements)
        _, size_bytes, is_whole = self._kept()
        if not is_whole or count < 1 or (first + count) * row_bytes > size_bytes:
            raise ValueError(f"first={first} count={count}: no such windows of {row_bytes} bytes are kept")
        rows = np.frombuffer(self._values(first * row_bytes, (first + count) * row_bytes), "<f4").reshape(count, -1)
        parts = np.split(rows, np.cumsum(elements)[:-1], axis=1)
        codes = [_codes(values, tensor) for values, tensor in zip(parts, inputs, strict=True)]
        return [b"".join(code[index].tobytes() for code in codes) for index in range(count)]

    def raw_windows(self, first: int, count: int, window_bytes: int) -> list[bytes]:
        """Return windows as the sensor gives them, of so many bytes each. Raises ValueError: the set has not these."""
        _, size_bytes, is_whole = self._kept()
        if not is_whole or count < 1 or (first + count) * window_bytes > size_bytes:
            raise ValueError(f"first={first} count={count}: no such windows of {window_bytes} bytes are kept")
        places = range(first * window_bytes, (first + count) * window_bytes, window_bytes)
        return [bytes(self._values(place, place + window_bytes)) for place in places]

    def _values(self, start: int, end: int) -> memoryview:
        return self._memory[_SECTOR_BYTES + start : _SECTOR_BYTES + end]

    def _kept(self) -> tuple[str, int, bool]:
        if not self.capacity:
            return "", 0, False
        digits, size_bytes, is_whole = _HEADER.unpack_from(self._memory)
        return digits.decode("latin-1"), size_bytes, is_whole and self._memory[0] != 0xFF

    def _write_header(self, sha256: str, size_bytes: int, is_whole: bool) -> None:
        _HEADER.pack_into(self._memory, 0, sha256.encode(), size_bytes, is_whole)


def _codes(values: NDArray[Any], tensor: Tensor) -> NDArray[Any]:
    """Divide and round in float32, halves away from zero, as the firmware does."""
    if tensor.dtype == "float32":
        return values
    if not tensor.scale or tensor.dtype not in ("int8", "uint8", "int16"):
        raise ValueError(f"an input takes {tensor.dtype}, which is not made of real values")
    steps = values / np.float32(tensor.scale)
    whole = np.floor(np.abs(steps))
    rounded = np.copysign(whole + (np.abs(steps) - whole >= 0.5), steps).astype(np.float64)
    limits = np.iinfo(tensor.dtype)
    codes: NDArray[Any] = np.clip(rounded + tensor.zero_point, limits.min, limits.max)
    return codes.astype(np.dtype(tensor.dtype).newbyteorder("<"))
