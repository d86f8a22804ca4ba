"""What a session sends: a queue of requests, and windows packed into them.

An infer request carries as many whole windows as a line holds, or a piece of one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import TypeVar

from tinygate.errors import InputError, TargetError
from tinygate.protocol.framing import MAX_LINE_BYTES, Direction, Record, encode
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import InferRequest
from tinygate.protocol.packing import lz4_block
from tinygate.protocol.raw_messages import InferRawRequest
from tinygate.protocol.schema import Message
from tinygate.protocol.words import Packing, Reset

_MOST_KEPT = 32  # windows of a request that sends none: its answer tells that the device is alive
_PAYS = 0.9  # of their length, that packed windows may have
_MOST_OUTPUT_BYTES = 2048  # of one request: a device keeps few of its answers, to send them again
INPUT_CRC_BYTES = 4  # of a raw window's answer, behind its outputs
LINES_IN_FLIGHT = 3  # one being carried out, one waiting, one on the wire

Room = Callable[[], int]
_RequestT = TypeVar("_RequestT", InferRequest, InferRawRequest)


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
    windows: Iterable[bytes], first: int, limits: Hello, resets: Collection[int] | None, room: Room
) -> Iterator[InferRequest]:
    """Yield the requests that carry `windows`, numbered from `first`.

    Args:
        windows: the raw input tensors of a window each, one tensor after the other.
        first: the first window's number.
        limits: what the device said of its tensors and its buffer.
        resets: numbers of the windows before which state is reset; None for all.
        room: how many bytes of data a request may carry now.

    Raises:
        InputError: a window has another length.
        TargetError: the announced limits leave no room for data.
    """
    answerable = _answerable(limits.result_bytes)
    yield from _requests(InferRequest, windows, first, limits.window_bytes, answerable, limits, resets, room)


def infer_raw_requests(
    windows: Iterable[tuple[bytes, int]],
    first: int,
    limits: Hello,
    resets: Collection[int] | None,
    room: Room,
    inputs: bool,
) -> Iterator[InferRawRequest]:
    """Yield the requests that carry raw windows, each with its settings' word; windows of one word travel together.

    `inputs` asks for what the model was given itself. Other arguments and errors as for `infer_requests`.

    Raises:
        TargetError: the device takes no raw windows.
    """
    answerable = _answerable_raw(limits, inputs)
    for word, group in groupby(windows, key=itemgetter(1)):
        alike = [window for window, _ in group]
        make = _raw_request(word, inputs)
        yield from _requests(make, alike, first, limits.raw_bytes or 0, answerable, limits, resets, room)
        first += len(alike)


def _raw_request(word: int, inputs: bool) -> Callable[..., InferRawRequest]:
    return partial(InferRawRequest, settings=word or None, inputs="yes" if inputs else None)


def _requests(
    make: Callable[..., _RequestT],
    windows: Iterable[bytes],
    first: int,
    size: int,
    answerable: int,
    limits: Hello,
    resets: Collection[int] | None,
    room: Room,
) -> Iterator[_RequestT]:
    """Yield what `make` makes of first, count, offset, data, reset and packing, for windows of `size` bytes."""
    capacity = _capacity(limits, room)
    ahead = iter(windows)
    head = list(islice(ahead, max(1, min(limits.data_bytes // size, answerable))))
    if wrong := next((window for window in head if len(window) != size), None):
        raise _wrong_length(wrong, first, size)
    pays = len(head) > 1 and len(lz4_block(b"".join(head))) <= _PAYS * len(head) * size
    largest = len(head) if pays else max(1, min(capacity // size, answerable))
    for batch, reset in _batches(chain(head, ahead), first, largest, resets):
        if wrong := next((window for window in batch if len(window) != size), None):
            raise _wrong_length(wrong, first, size)
        yield from _fitted(make, batch, first, Reset.ALONE if resets is None else reset, _capacity(limits, room), pays)
        first += len(batch)


def _capacity(limits: Hello, room: Room) -> int:
    """Return how many bytes of data a request may carry. Raises TargetError: none."""
    capacity = min(limits.data_bytes, room())
    if capacity < 1:
        raise TargetError(
            f"rx_line_bytes={limits.rx_line_bytes}, rx_window_bytes={limits.rx_window_bytes} leave no room for data"
        )
    return capacity


def _wrong_length(window: bytes, first: int, size: int) -> InputError:
    return InputError(f"a window near {first} has {len(window)} bytes, the device takes {size}")


def _answerable(answer_bytes: int) -> int:
    """Return how many windows one request may name, of each of which the answer has so many bytes."""
    return max(1, _MOST_OUTPUT_BYTES // max(1, answer_bytes))


def _answerable_raw(limits: Hello, inputs: bool) -> int:
    if not limits.raw_bytes:
        raise TargetError("the application takes no raw windows: its hello names no preprocessing")
    return _answerable(limits.result_bytes + (limits.window_bytes if inputs else INPUT_CRC_BYTES))


def _fitted(
    make: Callable[..., _RequestT], batch: list[bytes], first: int, reset: Reset | None, capacity: int, pays: bool
) -> Iterator[_RequestT]:
    """Yield the request of a batch, packed where that pays; the requests of its halves, or of a window's pieces."""
    data, count = b"".join(batch), len(batch)
    packed = lz4_block(data) if pays else data
    if len(packed) < min(len(data), capacity + 1):
        yield make(first, count, 0, packed, reset, Packing.LZ4)
    elif len(data) <= capacity:
        yield make(first, count, 0, data, reset)
    elif count > 1:
        half = count // 2
        yield from _fitted(make, batch[:half], first, reset, capacity, pays)
        rest = None if reset is Reset.FIRST else reset
        yield from _fitted(make, batch[half:], first + half, rest, capacity, pays)
    else:
        in_order = Reset.EACH if reset is Reset.ALONE else reset
        for offset in range(0, len(data), capacity):
            yield make(first, 1, offset, data[offset : offset + capacity], in_order)


def kept_requests(count: int, limits: Hello, resets: Collection[int] | None) -> Iterator[InferRequest]:
    """Yield the requests for `count` windows of the test set that the device keeps, numbered from 0."""
    yield from _named(InferRequest, count, 0, _answerable(limits.result_bytes), resets)


def kept_raw_requests(
    settings: Iterable[int], limits: Hello, resets: Collection[int] | None
) -> Iterator[InferRawRequest]:
    """Yield the requests for the raw windows that the device keeps, one for each settings' word, numbered from 0.

    Errors as for `infer_raw_requests`.
    """
    first, answerable = 0, _answerable_raw(limits, inputs=False)
    for word, group in groupby(settings):
        count = len(list(group))
        yield from _named(_raw_request(word, inputs=False), count, first, answerable, resets)
        first += count


def _named(
    make: Callable[..., _RequestT], count: int, first: int, answerable: int, resets: Collection[int] | None
) -> Iterator[_RequestT]:
    for batch, reset in _batches([b""] * count, first, min(_MOST_KEPT, answerable), resets):
        yield make(first, len(batch), 0, b"", Reset.ALONE if resets is None else reset)
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


def room_bytes(limits: Hello, framed: bool, longest: int = MAX_LINE_BYTES) -> int:
    """Return how many bytes of data fit into a line or frame of `longest` at most, none or less if no data do."""
    line_bytes = min(limits.rx_line_bytes, limits.rx_window_bytes // LINES_IN_FLIGHT, longest)
    room = line_bytes - _overhead_bytes()
    return room - room // 254 - 1 if framed else room // 4 * 3


def _overhead_bytes() -> int:
    """Length of an infer or infer_raw request's line without its data, at most; a frame's is less."""
    largest = 2**32 - 1
    request = InferRawRequest(largest, largest, largest, b"", Reset.ALONE, Packing.LZ4, largest, "yes")
    return len(encode(Record(Direction.REQUEST, largest, "0" * 8, InferRawRequest.KIND, request.to_fields()))) + len(
        " data="
    )


class WindowAssembly:
    """The device's side: turns infer requests back into windows of `window_bytes`."""

    def __init__(self, window_bytes: int) -> None:
        self._window_bytes = window_bytes
        self._begun = b""
        self._index = 0

    def forget(self) -> None:
        """Forget a window that was begun."""
        self._begun = b""

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
