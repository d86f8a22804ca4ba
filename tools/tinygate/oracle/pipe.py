"""A pipe whose reads and writes end by a deadline, whatever the other end does."""

from __future__ import annotations

import os
import select
import time
from contextlib import suppress
from math import inf

_LONGEST_WAIT_S = 3600.0  # select takes no infinity


class Pipe:
    """A descriptor that does not block.

    Attributes:
        deadline: of time.monotonic; reads and writes raise TimeoutError when it has passed.
    """

    def __init__(self, descriptor: int, deadline: float = inf) -> None:
        self._descriptor = descriptor
        self.deadline = deadline
        self.closed = False

    def read(self, size: int) -> bytes:
        """Return that many bytes, fewer at the end of the stream."""
        parts: list[bytes] = []
        while size > 0:
            self._wait(writing=False)
            with suppress(BlockingIOError):
                part = os.read(self._descriptor, min(size, 1 << 20))
                if not part:
                    break
                parts.append(part)
                size -= len(part)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        """Write all of it. Raises BrokenPipeError when nobody reads any more."""
        view = memoryview(data)
        while view:
            self._wait(writing=True)
            with suppress(BlockingIOError):
                view = view[os.write(self._descriptor, view[: 1 << 16]) :]

    def flush(self) -> None:
        """Do nothing: every write is flushed."""

    def close(self) -> None:
        """Close the descriptor; may be called again."""
        if not self.closed:
            self.closed = True
            os.close(self._descriptor)

    def _wait(self, writing: bool) -> None:
        left_s = min(max(0.0, self.deadline - time.monotonic()), _LONGEST_WAIT_S)
        ends = [self._descriptor]
        ready = select.select([], ends, [], left_s)[1] if writing else select.select(ends, [], [], left_s)[0]
        if not ready and time.monotonic() >= self.deadline:
            raise TimeoutError("the other end did not come in time")
