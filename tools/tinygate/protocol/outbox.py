"""What a host session sends: requests in order, numbered, each when the device has room, and again if it was lost.

A request is lost when the device has answered another that was sent later: what is on the line stays in order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isqrt

from tinygate.errors import LinkError, TargetError
from tinygate.protocol.batches import Queue
from tinygate.protocol.envelope import Answers, check_request
from tinygate.protocol.events import CHECK_LINE, UnansweredError
from tinygate.protocol.framing import MAX_LINE_BYTES, Direction, Record, crc_of, encode
from tinygate.protocol.hello import Hello
from tinygate.protocol.line_messages import KeepRequest, StoreRequest
from tinygate.protocol.messages import HelloRequest, InferRequest, RestartRequest
from tinygate.protocol.order import WINDOW, distance
from tinygate.protocol.raw_messages import InferRawRequest
from tinygate.protocol.schema import Message
from tinygate.protocol.words import Reset

_DAMAGE = ("truncated", "too_long", "bad_frame", "bad_crc", "device_bad_frame", "device_bad_crc", "device_too_large")
_ALONE = RestartRequest | StoreRequest | KeepRequest  # nothing is sent until it is answered: flash is deaf meanwhile
_MOST_TRIES = 12
_LINE_COSTS = 150  # bytes, of a line and what it waits for, besides what it carries
_SHORTEST_LINE, _TELLING_REPAIRS = 512, 3
_MOST_REPAIRS, _MOST_REPAIRED_SHARE = 64, 0.5  # worse, and the line is the lab's to mend


@dataclass
class Pending:
    """A request that is not answered: its line as it was sent, and the parts of its reply so far.

    Attributes:
        crcs: those of all lines and frames that it was written as: a reply to anything else is no reply to it.
        sent: the how many-th thing it was that was sent, when it was sent last; 0 while it waits to be sent again.
        tries: how often it was sent.
    """

    sequence: int
    request: Message
    line: bytes
    crcs: tuple[str, ...]
    sent: int = 0
    tries: int = 0
    parts: list[Message] = field(default_factory=list)


class Outbox:
    """Requests that wait, and those in flight; a request is encoded once, when it becomes the next.

    Attributes:
        in_flight: sent and not yet answered, by number, the oldest first.
    """

    def __init__(self, nonce: str, counts: Counter[str]) -> None:
        """Begin with nothing; in `counts`, "repairs" is how often something was sent again."""
        self.in_flight: deque[Pending] = deque()
        self._counts = counts
        self._nonce = nonce
        self._framed = False
        self._queue = Queue()
        self._sequence = self._sent = 0
        self._sent_bytes = 0
        self._repairs_before = 0
        self._line = b""  # of the next request, numbered as if it were sent now

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of the device's receive window that are taken."""
        return sum(len(pending.line) for pending in self.in_flight if pending.sent)

    @property
    def is_framed(self) -> bool:
        """Whether requests are written as frames."""
        return self._framed

    @property
    def best_line_bytes(self) -> int:
        """How long a line should be: what is damaged is sent again as a whole, and each line costs some bytes."""
        repairs = self._counts["repairs"] - self._repairs_before
        if repairs < _TELLING_REPAIRS:
            return MAX_LINE_BYTES
        return max(_SHORTEST_LINE, min(MAX_LINE_BYTES, isqrt(_LINE_COSTS * self._sent_bytes // repairs)))

    def settled(self) -> None:
        """Forget how often something was sent again, and how much was sent: the line is another one from now on."""
        self._repairs_before, self._sent_bytes = self._counts["repairs"], 0

    def write_frames(self, framed: bool) -> None:
        """Write requests as frames, or as lines, those too that may have to be sent again."""
        self._framed, self._line = framed, b""
        for pending in self.in_flight:
            pending.line = self._encoded(pending.sequence, pending.request)
            pending.crcs += (crc_of(pending.line),)

    def add(self, requests: Iterable[Message]) -> None:
        """Queue requests; an iterator is consumed as they are sent."""
        self._queue.add(requests)

    def waiting(self) -> Message | None:
        """Return the next request, None if there is none. Raises what an iterator of requests raises."""
        return self._queue.peek()

    def hello(self) -> Pending:
        """Return a hello that is sent at once, as a line; what was in flight is forgotten."""
        self.in_flight.clear()
        self.write_frames(False)
        self._advance()
        line = self._encoded(self._sequence, HelloRequest())
        return Pending(self._sequence, HelloRequest(), line, (crc_of(line),))

    def ping(self, limits: Hello) -> bytes:
        """Return a hello that takes its turn behind what is in flight; nothing if the device has no room for it."""
        self._line = b""
        line = self._encoded((self._sequence + 1) % 2**32, HelloRequest())
        if self.in_flight_bytes + len(line) > limits.rx_window_bytes or self._is_far_ahead():
            return b""
        return self._first_time(HelloRequest(), line)

    def answered(self, answers: Answers) -> Pending | None:
        """Return the request that is answered, None if that was answered before; what it has overtaken is lost.

        Raises:
            LinkError: what was answered was never asked, or the device received something else than what was sent.
        """
        found = next((pending for pending in self.in_flight if pending.sequence == answers.sequence), None)
        if found is None:
            if distance(answers.sequence, self._sequence) > 0:
                raise LinkError(f"request {answers.sequence} was answered, which was never sent; {CHECK_LINE}")
            return None
        check_request(answers, found.crcs)
        self._lose(pending for pending in self.in_flight if 0 < pending.sent < found.sent)
        return found

    def lose_oldest(self) -> None:
        """Send again what was sent longest ago: the device has received something damaged in its place."""
        under_way = [pending for pending in self.in_flight if pending.sent]
        self._lose(sorted(under_way, key=lambda pending: pending.sent)[:1])

    def lose(self, pending: Pending) -> None:
        """Send a request again, and those that were sent before it."""
        self._lose([pending])

    def renew(self, pending: Pending) -> None:
        """Ask anew, with a number of its own, for what was carried out and whose answer the device keeps no more.

        Raises:
            UnansweredError: it must not be carried out twice.
        """
        if not _is_repeatable(pending.request):
            raise UnansweredError(pending.request, pending.sequence)
        pending.line = self._encoded((self._sequence + 1) % 2**32, pending.request)
        self._advance()
        pending.sequence, pending.crcs = self._sequence, (crc_of(pending.line),)
        self.in_flight.remove(pending)
        self.in_flight.append(pending)
        self._lose([pending])

    def next_line(self, limits: Hello) -> bytes:
        """Return the next request if the device has room for it, else nothing; once returned it counts as sent.

        Raises:
            TargetError: the device never has room for it.
            UnansweredError: it was sent again and again, and the device answers others.
        """
        if again := next((pending for pending in self.in_flight if not pending.sent), None):
            return self._again(again, limits)
        request = self.waiting()
        if request is None or self._is_far_ahead() or any(isinstance(p.request, _ALONE) for p in self.in_flight):
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
        self._queue.take()
        return self._first_time(request, self._line)

    def _again(self, pending: Pending, limits: Hello) -> bytes:
        if pending.tries >= _MOST_TRIES:
            raise self._given_up(pending)
        if self.in_flight_bytes + len(pending.line) > limits.rx_window_bytes:
            return b""
        return self._note(pending)

    def _given_up(self, pending: Pending) -> LinkError:
        """Blame the line if what was damaged on it explains that a request has no answer, else whoever ignores it."""
        if sum(self._counts[reason] for reason in _DAMAGE) < pending.tries // 2:
            return UnansweredError(pending.request, self._sequence)
        return LinkError(
            f"the line is too bad: a {pending.request.KIND} request was sent {pending.tries} times, and neither it nor "
            f"its answer came whole; {CHECK_LINE}"
        )

    def _first_time(self, request: Message, line: bytes) -> bytes:
        self._advance()
        pending = Pending(self._sequence, request, line, (crc_of(line),))
        self.in_flight.append(pending)
        return self._note(pending)

    def _note(self, pending: Pending) -> bytes:
        self._sent += 1
        self._sent_bytes += len(pending.line)
        pending.sent, pending.tries = self._sent, pending.tries + 1
        return pending.line

    def _lose(self, lost: Iterable[Pending]) -> None:
        for pending in list(lost):
            pending.sent = 0
            pending.parts.clear()
            self._counts["repairs"] += 1
        if self._counts["repairs"] > _MOST_REPAIRS + _MOST_REPAIRED_SHARE * self._sent:
            raise LinkError(
                f"the line is too bad: of {self._sent} requests {self._counts['repairs']} were sent again; nothing of "
                "this run is used: check cable, adapter and rate"
            )

    def _is_far_ahead(self) -> bool:
        """Whether the device could not note a further request as carried out, since an old one is still missing."""
        return bool(self.in_flight) and distance(self._sequence, self.in_flight[0].sequence) >= WINDOW - 1

    def _advance(self) -> None:
        self._sequence, self._line = (self._sequence + 1) % 2**32, b""

    def _encoded(self, sequence: int, message: Message) -> bytes:
        record = Record(Direction.REQUEST, sequence, self._nonce, message.KIND, message.to_fields())
        return encode(record, framed=self._framed)


def _is_repeatable(request: Message) -> bool:
    """Whether a request may be carried out once more: it changes nothing that a later one depends on."""
    if isinstance(request, InferRequest | InferRawRequest):
        return request.reset is Reset.ALONE
    return not isinstance(request, RestartRequest | KeepRequest)
