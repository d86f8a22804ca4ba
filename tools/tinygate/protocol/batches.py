"""What a session sends: a queue of requests, and windows packed into them.

An infer request carries as many whole windows as a line holds, or a piece of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from tinygate.errors import InputError, TargetError
from tinygate.protocol.framing import MAX_LINE_BYTES, Direction, Record, encode
from tinygate.protocol.messages import InferRequest
from tinygate.protocol.schema import Message

LINES_IN_FLIGHT = 3  # one being carried out, one waiting, one on the wire


class Queue:
    """Requests in the order they were added, made only when they are due."""

    def __init__(self) -> None:
        self._source: Iterator[Message] = iter(())
        self._next: Message | None = None

    def add(self, requests: Iterable[Message]) -> None:
        """Append `requests`; an iterator is consumed as they are sent."""
        self._source = chain(self._source, requests)

    def peek(self) -> Message | None:
        """Return the next request without taking it; None if there is none. Raises what the iterator raises."""
        if self._next is None:
            self._next = next(self._source, None)
        return self._next

    def take(self) -> None:
        """Drop the request that `peek` returned."""
        self._next = None


def infer_requests(
    windows: Iterable[bytes], first: int, input_bytes: int, rx_line_bytes: int, rx_window_bytes: int
) -> Iterator[InferRequest]:
    """Yield the requests that carry `windows` (each `input_bytes` of raw tensor), numbered from `first`.

    Raises:
        InputError: a window has another length.
        TargetError: the announced limits leave no room for data.
    """
    line_bytes = min(rx_line_bytes, rx_window_bytes // LINES_IN_FLIGHT, MAX_LINE_BYTES)
    capacity = (line_bytes - _overhead_bytes()) // 4 * 3
    if capacity < 1:
        raise TargetError(f"rx_line_bytes={rx_line_bytes}, rx_window_bytes={rx_window_bytes} leave no room for data")
    source = iter(windows)
    whole = max(1, capacity // input_bytes)
    while batch := list(islice(source, whole)):
        for window in batch:
            if len(window) != input_bytes:
                raise InputError(
                    f"a window near {first} has {len(window)} bytes, the device's model takes {input_bytes}"
                )
        data = b"".join(batch)
        for offset in range(0, len(data), capacity):
            yield InferRequest(first, len(batch), offset, data[offset : offset + capacity])
        first += len(batch)


def _overhead_bytes() -> int:
    """Length of an infer request's line without its data, at most."""
    largest = 2**32 - 1
    fields = tuple((key, str(largest)) for key in ("first", "count", "offset"))
    return len(encode(Record(Direction.REQUEST, largest, "0" * 8, InferRequest.KIND, fields))) + len(" data=")


class WindowAssembly:
    """The device's side: turns infer requests back into windows of `input_bytes`."""

    def __init__(self, input_bytes: int) -> None:
        self._input_bytes = input_bytes
        self._begun = b""
        self._index = 0

    def add(self, request: InferRequest) -> list[bytes]:
        """Return the windows that a request completes; none for a piece that leaves its window incomplete.

        Offset 0 begins anew.

        Raises:
            ValueError: length, count or offset are not lawful; a window begun by earlier pieces is forgotten.
        """
        begun, self._begun = self._begun if request.offset else b"", b""
        is_next = request.offset == len(begun) and (not begun or (request.first, request.count) == (self._index, 1))
        if request.count < 1 or not is_next:
            raise ValueError(f"count={request.count} offset={request.offset}: no window was begun that this continues")
        size, data = self._input_bytes, begun + request.data
        if len(data) == size * request.count:
            return [data[start : start + size] for start in range(0, len(data), size)]
        if request.count != 1 or len(data) > size:
            raise ValueError(f"{len(data)} bytes for {request.count} windows of {size}")
        self._begun, self._index = data, request.first
        return []
