"""What a host session sends: requests in order, numbered, each when the device has room for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tinygate.errors import LinkError, TargetError
from tinygate.protocol.batches import Queue
from tinygate.protocol.envelope import Answers, check_request
from tinygate.protocol.events import CHECK_LINE, UnansweredError
from tinygate.protocol.framing import Direction, Record, encode
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import HelloRequest, RestartRequest
from tinygate.protocol.schema import Message

_ALONE = RestartRequest | HelloRequest  # nothing is sent until these are answered


@dataclass
class Pending:
    """A request in flight: the receive-buffer bytes it holds at the device, and the parts of its reply so far.

    `crc32` is the one that its line ends with: a reply to anything else is no reply to it.
    """

    sequence: int
    request: Message
    line_bytes: int
    crc32: str
    parts: list[Message] = field(default_factory=list)


def crc_of(line: bytes) -> str:
    """Return the CRC that a line ends with, as it stands there."""
    return line.rstrip(b"\r\n")[-8:].decode()


class Outbox:
    """Requests that wait, and those in flight; a request is encoded once, when it becomes the next.

    Attributes:
        in_flight: sent and not yet answered, the oldest first.
    """

    def __init__(self, nonce: str) -> None:
        self.in_flight: deque[Pending] = deque()
        self._nonce = nonce
        self._queue = Queue()
        self._sequence = 0
        self._line = b""  # of the next request, numbered as if it were sent now

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of the device's receive window that are taken."""
        return sum(pending.line_bytes for pending in self.in_flight)

    def add(self, requests: Iterable[Message]) -> None:
        """Queue requests; an iterator is consumed as they are sent."""
        self._queue.add(requests)

    def waiting(self) -> Message | None:
        """Return the next request, None if there is none. Raises what an iterator of requests raises."""
        return self._queue.peek()

    def hello(self) -> tuple[int, bytes]:
        """Return number and line of a hello that is sent at once; what was in flight is forgotten."""
        self.in_flight.clear()
        self._advance()
        return self._sequence, self._encoded(self._sequence, HelloRequest())

    def ping(self, limits: Hello) -> bytes:
        """Return a hello that takes its turn behind what is in flight; nothing if the device has no room for it."""
        line = self._encoded((self._sequence + 1) % 2**32, HelloRequest())
        if self.in_flight_bytes + len(line) > limits.rx_window_bytes:
            return b""
        self._advance()
        self.in_flight.append(Pending(self._sequence, HelloRequest(), len(line), crc_of(line)))
        return line

    def answered(self, answers: Answers) -> Pending:
        """Return the request that is answered: the oldest in flight, received as it was sent.

        Raises:
            UnansweredError: a ping is answered, and a request before it is not.
            LinkError: any other request is answered, or the device received something else than what was sent.
        """
        if not self.in_flight or answers.sequence != self.in_flight[0].sequence:
            if self.in_flight and answers.sequence == self.in_flight[-1].sequence:
                raise UnansweredError(self.in_flight[0].request, answers.sequence)
            due = self.in_flight[0].sequence if self.in_flight else "none"
            raise LinkError(f"request {answers.sequence} was answered, {due} was due: one was lost; {CHECK_LINE}")
        check_request(answers, self.in_flight[0].crc32)
        return self.in_flight[0]

    def next_line(self, limits: Hello) -> bytes:
        """Return the next request if the device has room for it, else nothing; once returned it counts as sent.

        Raises:
            TargetError: the device never has room for it.
        """
        request = self.waiting()
        if request is None or any(isinstance(pending.request, _ALONE) for pending in self.in_flight):
            return b""
        self._line = self._line or self._encoded((self._sequence + 1) % 2**32, request)
        size = len(self._line)
        if size > min(limits.rx_line_bytes, limits.rx_window_bytes):
            raise TargetError(
                f"the device has no room for a request of {size} bytes ({request.KIND}): it announces "
                f"rx_line_bytes={limits.rx_line_bytes}, rx_window_bytes={limits.rx_window_bytes}"
            )
        if self.in_flight_bytes + size > limits.rx_window_bytes:
            return b""
        line = self._line
        self._advance()
        self.in_flight.append(Pending(self._sequence, request, size, crc_of(line)))
        self._queue.take()
        return line

    def _advance(self) -> None:
        self._sequence, self._line = (self._sequence + 1) % 2**32, b""

    def _encoded(self, sequence: int, message: Message) -> bytes:
        return encode(Record(Direction.REQUEST, sequence, self._nonce, message.KIND, message.to_fields()))
