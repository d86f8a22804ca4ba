"""What a session sends: a queue of requests, and windows packed into them.

An infer request carries as many whole windows as a line holds, or a piece of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from operator import itemgetter
from typing import TypeVar

from tinygate.errors import InputError, TargetError
from tinygate.protocol.framing import MAX_LINE_BYTES, Direction, Record, encode
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import InferRequest
from tinygate.protocol.raw_messages import InferRawRequest
from tinygate.protocol.schema import Message
from tinygate.protocol.words import Reset

_RequestT = TypeVar("_RequestT", InferRequest, InferRawRequest)
_MOST_OUTPUT_BYTES = 2048  # of one request: a device keeps few of its answers, to send them again
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
    windows: Iterable[bytes], first: int, limits: Hello, resets: Collection[int] | None, framed: bool
) -> Iterator[InferRequest]:
    """Yield the requests that carry `windows`, numbered from `first`.

    Args:
        windows: the raw input tensors of a window each, one tensor after the other.
        first: the first window's number.
        limits: what the device said of its tensors and its buffer.
        resets: numbers of the windows before which state is reset; None for all.
        framed: whether they travel in frames, which carry the bytes themselves.

    Raises:
        InputError: a window has another length.
        TargetError: the announced limits leave no room for data.
    """
    answered = limits.result_bytes
    return _requests(InferRequest, windows, first, limits, resets, _Size(limits.window_bytes, answered, framed, True))


def infer_raw_requests(
    windows: Iterable[tuple[bytes, int]], limits: Hello, resets: Collection[int] | None, framed: bool, inputs: bool
) -> Iterator[InferRawRequest]:
    """Yield the requests that carry raw windows, each with its settings' word; windows of one word travel together.

    `inputs` asks for what the model was given, too. Other arguments and errors as for `infer_requests`. None overtakes
    another: what an application makes of a window may depend on the one before.

    Raises:
        TargetError: the device takes no raw windows.
    """
    if not limits.raw_bytes:
        raise TargetError("the application takes no raw windows: its hello names no preprocessing")
    answered = limits.result_bytes + (limits.window_bytes if inputs else 0)
    size, first = _Size(limits.raw_bytes, answered, framed, False), 0
    for word, group in groupby(windows, key=itemgetter(1)):
        alike = [window for window, _ in group]
        make = partial(InferRawRequest, settings=word or None, inputs="yes" if inputs else None)
        yield from _requests(make, alike, first, limits, resets, size)
        first += len(alike)


@dataclass(frozen=True)
class _Size:
    """Bytes of a window and of its answer; whether they travel in frames, and may overtake each other."""

    window_bytes: int
    answer_bytes: int
    framed: bool
    alone: bool


def _requests(
    make: Callable[..., _RequestT],
    windows: Iterable[bytes],
    first: int,
    limits: Hello,
    resets: Collection[int] | None,
    sizes: _Size,
) -> Iterator[_RequestT]:
    """Yield what `make` makes of first, count, offset, data and reset."""
    capacity = min(limits.data_bytes, _room_bytes(limits, sizes.framed))
    if capacity < 1:
        raise TargetError(
            f"rx_line_bytes={limits.rx_line_bytes}, rx_window_bytes={limits.rx_window_bytes} leave no room for data"
        )
    size, answerable = sizes.window_bytes, _MOST_OUTPUT_BYTES // max(1, sizes.answer_bytes)
    for batch, reset in _batches(windows, first, max(1, min(capacity // size, answerable)), resets):
        if wrong := next((window for window in batch if len(window) != size), None):
            raise InputError(f"a window near {first} has {len(wrong)} bytes, the device takes {size}")
        data = b"".join(batch)
        if len(data) <= capacity:
            yield make(first, len(batch), 0, data, Reset.ALONE if resets is None and sizes.alone else reset)
        else:
            for offset in range(0, len(data), capacity):
                yield make(first, 1, offset, data[offset : offset + capacity], reset)
        first += len(batch)


def _batches(
    windows: Iterable[bytes], first: int, largest: int, resets: Collection[int] | None
) -> Iterator[tuple[list[bytes], Reset | None]]:
    """Yield windows that one request can carry: state is reset before each, before the first alone, or before none."""
    batch: list[bytes] = []
    flags: list[bool] = []
    for index, window in enumerate(windows, first):
        flag = resets is None or index in resets
        if len(batch) == largest or (flags and flag != (flags[1] if len(flags) > 1 else flag and flags[0])):
            yield batch, _reset(flags)
            batch, flags = [], []
        batch.append(window)
        flags.append(flag)
    if batch:
        yield batch, _reset(flags)


def _reset(flags: list[bool]) -> Reset | None:
    """Return the word for flags of which all, the first alone, or none are set."""
    return None if not flags[0] else Reset.EACH if all(flags) else Reset.FIRST


def _room_bytes(limits: Hello, framed: bool) -> int:
    """Return how many bytes of data fit into a line or frame."""
    line_bytes = min(limits.rx_line_bytes, limits.rx_window_bytes // LINES_IN_FLIGHT, MAX_LINE_BYTES)
    room = line_bytes - _overhead_bytes()
    return room - room // 254 - 1 if framed else room // 4 * 3


def _overhead_bytes() -> int:
    """Length of an infer or infer_raw request's line without its data, at most; a frame's is less."""
    largest = 2**32 - 1
    request = InferRawRequest(largest, largest, largest, b"", Reset.ALONE, largest, "yes")
    return len(encode(Record(Direction.REQUEST, largest, "0" * 8, InferRawRequest.KIND, request.to_fields()))) + len(
        " data="
    )


class WindowAssembly:
    """The device's side: turns infer requests back into windows of `window_bytes`."""

    def __init__(self, window_bytes: int) -> None:
        self._window_bytes = window_bytes
        self._begun = b""
        self._index = 0

    def add(self, request: InferRequest | InferRawRequest) -> list[bytes]:
        """Return the windows that a request completes; none for a piece that leaves its window incomplete.

        Offset 0 begins anew.

        Raises:
            ValueError: length, count or offset are not lawful; a window begun by earlier pieces is forgotten.
        """
        begun, self._begun = self._begun if request.offset else b"", b""
        is_next = request.offset == len(begun) and (not begun or (request.first, request.count) == (self._index, 1))
        if request.count < 1 or not is_next:
            raise ValueError(f"count={request.count} offset={request.offset}: no window was begun that this continues")
        size, data = self._window_bytes, begun + request.data
        if len(data) == size * request.count:
            return [data[start : start + size] for start in range(0, len(data), size)]
        if request.count != 1 or len(data) > size:
            raise ValueError(f"{len(data)} bytes for {request.count} windows of {size}")
        self._begun, self._index = data, request.first
        return []
