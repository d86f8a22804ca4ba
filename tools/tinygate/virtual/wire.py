"""A serial line without sockets and clock: how fast bytes come out of it, and what it does to them."""

from __future__ import annotations

import random

_BITS_PER_BYTE = 10  # start, 8 data, stop
_SLICE_S = 0.002  # paced bytes are handed over in slices: one wake-up per byte would cost more than it shows
_SLICE_BYTES = 512  # at least, of a slow line
_TOLERANCE = 0.04  # how far two rates may differ and still be understood


class Wire:
    """Carries bytes between two ends: garbled if their rates differ or are too fast for it, now and then wrong.

    Attributes:
        client_baud, device_baud: the rates of the ends; None for one that understands every rate.
    """

    def __init__(self, max_baud: int | None = None, noise: float = 0.0, seed: int = 0) -> None:
        """Make a wire.

        Args:
            max_baud: the fastest rate that it carries; None for any.
            noise: chance that a byte is altered in one bit, and that it is lost.
            seed: of the noise.
        """
        self.client_baud: int | None = None
        self.device_baud: int | None = None
        self._max_baud, self._noise = max_baud, noise
        self._random = random.Random(seed)
        self._next_fault = self._bytes_to_fault()

    def carry(self, data: bytes) -> bytes:
        """Return what comes out at the other end."""
        if not self._is_understood():
            return self._random.randbytes(len(data))
        if not self._noise or self._next_fault >= len(data):
            self._next_fault -= len(data)
            return data
        return self._with_faults(bytearray(data))

    def _is_understood(self) -> bool:
        client, device = self.client_baud, self.device_baud
        if self._max_baud is not None and client is not None and client > self._max_baud:
            return False
        return client is None or device is None or abs(client - device) <= _TOLERANCE * device

    def _with_faults(self, data: bytearray) -> bytes:
        at = self._next_fault
        while at < len(data):
            if self._random.random() < 0.5:
                del data[at]
            else:
                data[at] ^= 1 << self._random.randrange(8)
                at += 1
            at += self._bytes_to_fault()
        self._next_fault = at - len(data)
        return bytes(data)

    def _bytes_to_fault(self) -> int:
        return int(self._random.expovariate(2 * self._noise)) if self._noise else 0


class Pacer:
    """One direction of a serial line: bytes come out no faster than the baud rate carries them (8N1)."""

    def __init__(self, baud: int | None) -> None:
        """Make a line of `baud`; None for one without a limit."""
        self.baud = baud
        self._queue = bytearray()
        self._free_at = 0.0

    def __len__(self) -> int:
        return len(self._queue)

    def push(self, data: bytes, now: float) -> None:
        """Put bytes on the line."""
        if not self._queue:
            self._free_at = max(self._free_at, now)
        self._queue += data

    def pull(self, now: float) -> bytes:
        """Return the bytes that have arrived by `now`."""
        count = len(self._queue)
        if self.baud is not None:
            count = min(count, max(0, int((now - self._free_at) * self.baud / _BITS_PER_BYTE + 1e-6)))
            self._free_at += count * _BITS_PER_BYTE / self.baud
        data = bytes(self._queue[:count])
        del self._queue[:count]
        return data

    def deadline(self) -> float | None:
        """Return when `pull` has something worth fetching; None when the line is empty."""
        if not self._queue:
            return None
        if self.baud is None:
            return self._free_at
        byte_s = _BITS_PER_BYTE / self.baud
        return self._free_at + min(len(self._queue) * byte_s, max(_SLICE_S, _SLICE_BYTES * byte_s))

    def clear(self) -> None:
        """Drop what is on its way."""
        self._queue.clear()
