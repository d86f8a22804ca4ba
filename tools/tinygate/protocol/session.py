"""The host's side of a session: requests in, bytes out; bytes in, events out; every link fault is an error.

Deadlines belong to the caller, who moves the bytes:

    session = HostSession(fresh_nonce())
    session.open()                                   # again whenever the board stays silent while it boots
    session.infer(windows)                           # after the hello: as many requests as it takes
    while not session.done:
        port.write(session.outgoing())               # as much as the device has room for
        for event in session.receive(port.read()):   # Answer, Ready, Text, Damaged
            ...
"""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator

from tinygate.errors import LabError, LinkError, TargetError
from tinygate.protocol import framing
from tinygate.protocol.batches import infer_raw_requests, infer_requests
from tinygate.protocol.envelope import Answers, check_request, parse_reply
from tinygate.protocol.events import (
    CHECK_LINE,
    Answer,
    BootChangedError,
    Event,
    Ready,
    RefusedError,
    damaged,
    mismatch,
    out_of_order,
    stale,
)
from tinygate.protocol.framing import Damaged, Decoder, Direction, Record, Text
from tinygate.protocol.greeting import Greeting
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import Error, ErrorCode, HelloRequest, RestartRequest
from tinygate.protocol.outbox import Outbox, Pending, crc_of
from tinygate.protocol.parts import merge
from tinygate.protocol.schema import Message

_LINK_CODES = {ErrorCode.BAD_FRAME, ErrorCode.BAD_CRC, ErrorCode.BAD_SEQUENCE, ErrorCode.NO_CREDIT}


def fresh_nonce() -> str:
    """Return 8 random hex digits."""
    return secrets.token_hex(4)


class HostSession:
    """One session with one boot of a board.

    Attributes:
        hello: the device's answer to `open`; None until it came.
        boot_id: the boot that answered; None until then.
        counts: how many records, and damaged ones by reason, were seen.
    """

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self.hello: Hello | None = None
        self.boot_id: str | None = None
        self.counts: Counter[str] = Counter()
        self._decoder = Decoder()
        self._incoming: deque[framing.Event] = deque()
        self._outbox = Outbox(nonce)
        self._opening: dict[int, str] = {}  # hellos that are not answered, and the CRC of each
        self._greeting = Greeting()
        self._reply_sequence: int | None = None
        self._urgent = b""
        self._fault: Exception | None = None

    @property
    def done(self) -> bool:
        """True when every request has been answered; raises the session's fault if it has one."""
        if self._fault:
            raise self._fault
        return self._waiting() is None and not self._outbox.in_flight and not self._opening

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of the device's receive window that are taken."""
        return self._outbox.in_flight_bytes

    def open(self) -> None:
        """Say hello, or say it again: an answer to any of these opens the session."""
        self.hello = None
        number, line = self._outbox.hello()
        self._opening[number] = crc_of(line)
        self._urgent += b"\r\n" + line

    @property
    def due(self) -> Message | None:
        """The request whose answer must come next; None if nothing is in flight."""
        return self._outbox.in_flight[0].request if self._outbox.in_flight else None

    @property
    def unfinished(self) -> bytes:
        """What has come of a line that has not ended."""
        return self._decoder.unfinished

    @property
    def dropping(self) -> bool:
        """Whether what comes belongs to a line that is too long to be kept."""
        return self._decoder.dropping

    def ping(self) -> bool:
        """Ask whether the device is done with all that is in flight; False if it has no room for the question.

        It answers in its turn. An answer while an older request has none raises UnansweredError.
        """
        line = self._outbox.ping(self.hello) if self.hello is not None else b""
        self._urgent += line
        return bool(line)

    def request(self, *messages: Message) -> None:
        """Queue requests; they are sent in order, as credit allows, once the session is open."""
        self._outbox.add(messages)

    def infer(self, windows: Iterable[bytes], first: int = 0, resets: Collection[int] | None = None) -> None:
        """Queue windows, each the raw little-endian bytes of all input tensors, numbered from `first`.

        `resets` are the numbers of the windows before which the model's state is reset; None for all of them.
        """
        if self.hello is None:
            raise LinkError("infer before the device said hello: open the session and wait for the answer first")
        if not self.hello.inputs:
            raise TargetError(f"the device has no usable model: its model_status is {self.hello.model_status}")
        self._outbox.add(infer_requests(windows, first, self.hello, resets))

    def infer_raw(
        self, windows: Iterable[tuple[bytes, int]], resets: Collection[int] | None = None, *, inputs: bool = False
    ) -> None:
        """Queue windows as the sensor gives them, little-endian, each with its settings' word, numbered from 0.

        `inputs` asks for what the model was given, too; `resets` as for `infer`.
        """
        if self.hello is None:
            raise LinkError("infer_raw before the device said hello: open the session and wait for the answer first")
        self._outbox.add(infer_raw_requests(windows, 0, self.hello, resets, inputs))

    def outgoing(self) -> bytes:
        """Return the bytes that may be sent now; once returned they count as sent."""
        data, self._urgent = self._urgent, b""
        if self._fault:
            raise self._fault
        while self.hello is not None and not self._opening and self._waiting() is not None:
            line = self._outbox.next_line(self.hello)
            if not line:
                break
            data += line
        return data

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take received bytes and return an iterator over what they mean.

        The bytes are taken at once; events that are not consumed come first at the next call.

        Raises (while iterating, after the events before it; afterwards the session stays unusable):
            LinkError: bytes were lost, repeated or altered.
            BootChangedError: the board restarted.
            IdentityError: a reply belongs to another session: a replay, or another host on the port.
            TargetError: the device answered wrongly; RefusedError: with an error. Only after the latter one may go on.
        """
        self._incoming.extend(self._decoder.feed(data))
        return self._events()

    def text_in(self, data: bytes) -> list[Text | Damaged]:
        """Return the console text in received bytes and in what was not looked at: for a session that has failed."""
        self._incoming.extend(self._decoder.feed(data))
        events, self._incoming = self._incoming, deque()
        return [event for event in events if isinstance(event, Text | Damaged)]

    def _events(self) -> Iterator[Event]:
        while self._incoming:
            if self._fault:
                raise self._fault
            try:
                event = self._interpret(self._incoming.popleft())
            except RefusedError:
                raise
            except (LabError, TargetError) as fault:
                self._fault = fault
                raise
            if event is not None:
                yield event

    # Sending

    def _waiting(self) -> Message | None:
        try:
            return self._outbox.waiting()
        except Exception as fault:  # else the windows after a bad one would be left out silently
            self._fault = fault
            raise

    # Receiving

    def _interpret(self, event: framing.Event) -> Event | None:
        if isinstance(event, Text):
            return event
        if isinstance(event, Damaged):
            return self._damaged(event)
        if event.direction is Direction.REQUEST:
            self.counts["echoes"] += 1
            return None
        return self._reply(event)

    def _damaged(self, event: Damaged) -> Damaged:
        """Before hello a line may be cut by opening the port; afterwards damage voids the session."""
        self.counts[event.reason] += 1
        if self.hello is None:
            return event
        self._incoming.appendleft(event)  # for `text_in`: a panic may have cut it
        raise damaged(event)

    def _reply(self, record: Record) -> Event | None:
        self.counts["records"] += 1
        try:
            answers, message = parse_reply(record)
        except ValueError as error:
            raise TargetError(f"the device sent a {record.kind} record that is none ({error})") from error
        if self.hello is None:
            return self._opened(record, answers, message)
        self._check_order(record, message)
        if answers is None:
            return self._unasked(record, message)
        if answers.nonce != self.nonce:
            raise stale(answers.nonce, self.nonce)
        return self._answered(answers, message)

    def _opened(self, record: Record, answers: Answers | None, message: Message) -> Event | None:
        """Wait for the answer to our hello; let the rest of an older session pass."""
        if answers is None:
            return Ready(record.ident, message) if isinstance(message, Hello) else None
        if isinstance(message, Hello) and answers.nonce != self.nonce:
            raise stale(answers.nonce, self.nonce)
        crc32 = self._opening.get(answers.sequence)
        if crc32 is None or answers.nonce != self.nonce:
            self.counts["stale"] += 1
            return None
        check_request(answers, crc32)
        request = HelloRequest()
        if not isinstance(message, Hello):
            self._forget_hellos(answers.sequence)
            raise self._refused(message, request) if isinstance(message, Error) else mismatch(request, message)
        return self._greeted(record, answers, message)

    def _greeted(self, record: Record, answers: Answers, part: Hello) -> Answer | None:
        """Take a part of the answer to hello; the last one opens the session."""
        hello = self._greeting.take(record, answers, part)
        if hello is None:
            return None
        self._forget_hellos(answers.sequence)
        self.hello, self.boot_id, self._reply_sequence = hello, record.ident, record.sequence
        return Answer(HelloRequest(), hello)

    def _check_order(self, record: Record, message: Message) -> None:
        if record.ident != self.boot_id:
            reason = message.reset_reason if isinstance(message, Hello) else "unknown"
            raise BootChangedError(str(self.boot_id), record.ident, reason)
        assert self._reply_sequence is not None
        expected = (self._reply_sequence + 1) % 2**32
        if record.sequence != expected:
            raise out_of_order(record.sequence, expected)
        self._reply_sequence = expected

    def _unasked(self, record: Record, message: Message) -> Event | None:
        if isinstance(message, Hello):
            return Ready(record.ident, message)
        detail = f"{message.code}: {message.detail}" if isinstance(message, Error) else message.KIND
        raise LinkError(f"the device received something else than what was sent ({detail}); {CHECK_LINE}")

    def _answered(self, answers: Answers, message: Message) -> Event | None:
        if answers.sequence in self._opening:
            if answers.part == answers.parts:
                self._forget_hellos(answers.sequence)
            return None
        pending = self._outbox.answered(answers)
        if isinstance(message, Error):
            self._outbox.in_flight.popleft()
            raise self._refused(message, pending.request)
        if message.KIND != pending.request.KIND:
            raise mismatch(pending.request, message)
        pending.parts.append(message)
        if answers.part != len(pending.parts):
            raise TargetError(f"part {answers.part} of a {message.KIND} reply came as number {len(pending.parts)}")
        return self._whole(pending) if answers.part == answers.parts else None

    def _whole(self, pending: Pending) -> Answer:
        self._outbox.in_flight.popleft()
        if isinstance(pending.request, RestartRequest):
            self.hello = None
        try:
            return Answer(pending.request, merge(pending.parts))
        except ValueError as error:
            raise TargetError(f"the device contradicts itself ({error}); look at how it answers in parts") from error

    def _refused(self, error: Error, request: Message) -> LabError | TargetError:
        """Return what an error record means; what is queued and in flight goes on after a refusal."""
        if error.code in _LINK_CODES:
            return LinkError(f"the device did not receive what was sent ({error.code}: {error.detail}); {CHECK_LINE}")
        if error.code is ErrorCode.WRONG_NONCE:
            return stale(self.nonce, self.nonce)
        return RefusedError(error.code, request, error.detail)

    def _forget_hellos(self, sequence: int) -> None:
        """Replies come in order: a hello before the answered one is lost, later ones will be answered too."""
        self._opening = {number: crc32 for number, crc32 in self._opening.items() if number > sequence}
