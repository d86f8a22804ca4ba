"""The host's side of a session: requests in, bytes out; bytes in, events out; what the line loses is sent again.

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

from collections import Counter, deque
from collections.abc import Iterator

from tinygate.errors import LabError, LinkError, TargetError
from tinygate.protocol import framing
from tinygate.protocol.asking import Asking
from tinygate.protocol.decoder import Decoder
from tinygate.protocol.envelope import Answers, parse_reply
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
    refused,
    stale,
)
from tinygate.protocol.framing import Damaged, Direction, Reason, Record, Text
from tinygate.protocol.greeting import Greeting
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import Error, HelloRequest, Infer, RestartRequest
from tinygate.protocol.order import distance
from tinygate.protocol.outbox import Outbox, Pending
from tinygate.protocol.parts import merge
from tinygate.protocol.schema import Message
from tinygate.protocol.words import ErrorCode

_DAMAGED_AT_DEVICE = {ErrorCode.BAD_FRAME, ErrorCode.BAD_CRC, ErrorCode.TOO_LARGE, ErrorCode.NO_CREDIT}
_LONGEST_GAP = 64  # records lost in a row; more, and the number itself is wrong


class HostSession(Asking):
    """One session with one boot of a board.

    Attributes:
        hello: the device's answer to `open`; None until it came.
        boot_id: the boot that answered; None until then.
        counts: how many records, and damaged ones by reason, were seen; "repairs": how often something was sent again.
    """

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self.hello: Hello | None = None
        self.boot_id: str | None = None
        self.counts: Counter[str] = Counter()
        self._decoder = Decoder()
        self._incoming: deque[framing.Event] = deque()
        self._outbox = Outbox(nonce, self.counts)
        self._greeting = Greeting(nonce)
        self._reply_sequence: int | None = None
        self._urgent = b""
        self._fault: Exception | None = None

    @property
    def done(self) -> bool:
        """True when every request has been answered; raises the session's fault if it has one."""
        if self._fault:
            raise self._fault
        return self._waiting() is None and not self._outbox.in_flight and not self._greeting.is_open

    @property
    def in_flight_bytes(self) -> int:
        """Bytes of the device's receive window that are taken."""
        return self._outbox.in_flight_bytes

    def open(self) -> None:
        """Say hello, or say the same again: an answer opens the session."""
        self.hello = None
        self._urgent += b"\r\n" + self._greeting.open(self._outbox.hello)

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

        It answers in its turn: what was sent before and has no answer by then was lost, and is sent again.
        """
        line = self._outbox.ping(self.hello) if self.hello is not None else b""
        self._urgent += line
        return bool(line)

    def outgoing(self) -> bytes:
        """Return the bytes that may be sent now; once returned they count as sent."""
        data, self._urgent = self._urgent, b""
        if self._fault:
            raise self._fault
        while self.hello is not None:
            line = self._next_line(self.hello)
            if not line:
                break
            data += line
        return data

    def receive(self, data: bytes) -> Iterator[Event]:
        """Take received bytes and return an iterator over what they mean.

        The bytes are taken at once; events that are not consumed come first at the next call.

        Raises (while iterating, after the events before it; afterwards the session stays unusable):
            LinkError: more was lost than may be, or something was altered and its checksum with it.
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

    def _next_line(self, limits: Hello) -> bytes:
        self._waiting()
        try:
            return self._outbox.next_line(limits)
        except LinkError as fault:
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
        """A reply that came damaged is asked for again; one that was made wrongly is the sender's fault."""
        self.counts[event.reason] += 1
        if self.hello is not None and event.reason is Reason.BAD_RECORD:
            self._incoming.appendleft(event)  # for `text_in`
            raise damaged(event)
        if event.reason is not Reason.LINE_TOO_LONG:
            self._outbox.lose_oldest()
        return event

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
        if not self._greeting.is_answered_by(answers, message):
            self.counts["stale"] += 1
            return None
        if not isinstance(message, Hello):
            self._greeting.forget()
            request = HelloRequest()
            raise refused(message, request, self.nonce) if isinstance(message, Error) else mismatch(request, message)
        hello = self._greeting.take(record, answers, message)
        if hello is None:
            return None
        self.hello, self.boot_id, self._reply_sequence = hello, record.ident, record.sequence
        return Answer(HelloRequest(), hello)

    def _check_order(self, record: Record, message: Message) -> None:
        if record.ident != self.boot_id:
            reason = message.reset_reason if isinstance(message, Hello) else "unknown"
            raise BootChangedError(str(self.boot_id), record.ident, reason)
        assert self._reply_sequence is not None
        gap = distance(record.sequence, self._reply_sequence) - 1
        if gap > _LONGEST_GAP:
            raise out_of_order(record.sequence, (self._reply_sequence + 1) % 2**32)
        if gap >= 0:  # a reply that is sent again has its old number
            self.counts["lost_replies"] += gap
            self._reply_sequence = record.sequence

    def _unasked(self, record: Record, message: Message) -> Event | None:
        if isinstance(message, Hello):
            return Ready(record.ident, message)
        if isinstance(message, Error) and message.code in _DAMAGED_AT_DEVICE:
            self.counts[f"device_{message.code}"] += 1
            self._outbox.lose_oldest()
            return None
        detail = f"{message.code}: {message.detail}" if isinstance(message, Error) else message.KIND
        raise LinkError(f"the device received something else than what was sent ({detail}); {CHECK_LINE}")

    def _answered(self, answers: Answers, message: Message) -> Event | None:
        pending = self._outbox.answered(answers)
        if pending is None:
            self.counts["repeated_replies"] += 1
            return None
        if isinstance(message, Error):
            self._erred(pending, message)
            return None
        if message.KIND != pending.request.KIND:
            raise mismatch(pending.request, message)
        pending.parts.append(message)
        if answers.part != len(pending.parts):
            self._out_of_parts(pending, answers)
            return None
        return self._whole(pending) if answers.part == answers.parts else None

    def _out_of_parts(self, pending: Pending, answers: Answers) -> None:
        """A part was lost: all of the reply is asked for again, unless nothing was ever lost on this line."""
        if not self.counts["lost_replies"] and not self.counts["repairs"]:
            came = f"part {answers.part} of a {pending.request.KIND} reply came as number {len(pending.parts)}"
            raise TargetError(f"{came}; look at how it answers in parts")
        self._outbox.lose(pending)

    def _whole(self, pending: Pending) -> Answer:
        self._outbox.in_flight.remove(pending)
        if isinstance(pending.request, RestartRequest):
            self.hello = None
        try:
            message = merge(pending.parts)
        except ValueError as error:
            raise TargetError(f"the device contradicts itself ({error}); look at how it answers in parts") from error
        if isinstance(message, Infer) and getattr(pending.request, "first", message.first) != message.first:
            asked = getattr(pending.request, "first", 0)
            raise TargetError(f"the device answered windows from {asked} on with windows from {message.first} on")
        return Answer(pending.request, message)

    def _erred(self, pending: Pending, error: Error) -> None:
        """Act on an error in the place of an answer: most are refusals, two are part of a repair."""
        if error.code is ErrorCode.BAD_SEQUENCE:
            self._outbox.lose(pending)
        elif error.code is ErrorCode.LOST:
            self._outbox.renew(pending)
        else:
            self._outbox.in_flight.remove(pending)
            raise refused(error, pending.request, self.nonce)
