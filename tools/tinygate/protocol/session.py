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

from tinygate.errors import IdentityError, LabError, LinkError, TargetError
from tinygate.protocol import framing
from tinygate.protocol.batches import infer_requests
from tinygate.protocol.envelope import Answers, parse_reply
from tinygate.protocol.events import Answer, BootChangedError, Event, Ready, RefusedError
from tinygate.protocol.framing import Damaged, Decoder, Direction, Reason, Record, Text
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import Error, ErrorCode, HelloRequest, RestartRequest
from tinygate.protocol.outbox import Outbox, Pending
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
        self._opening: dict[int, HelloRequest] = {}
        self._greeting: list[tuple[Record, Hello]] = []  # parts of the answer to hello
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
        self._opening[number] = HelloRequest()
        self._urgent += b"\r\n" + line

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
        if event.reason is Reason.BAD_RECORD:
            raise TargetError(f"the device sent a record with the right CRC and wrong grammar: {event.raw[:120]!r}")
        raise LinkError(
            f"a line from the board is damaged ({event.reason}): {event.raw[:120]!r}; nothing of this run is used; "
            "check cable, baud rate and that no log is written in the middle of a record"
        )

    def _reply(self, record: Record) -> Event | None:
        self.counts["records"] += 1
        try:
            answers, message = parse_reply(record)
        except ValueError as error:
            raise TargetError(f"the device sent a malformed {record.kind} record: {error}") from error
        if self.hello is None:
            return self._opened(record, answers, message)
        self._check_order(record, message)
        if answers is None:
            return self._unasked(record, message)
        if answers.nonce != self.nonce:
            raise self._stale(answers.nonce)
        return self._answered(answers, message)

    def _opened(self, record: Record, answers: Answers | None, message: Message) -> Event | None:
        """Wait for the answer to our hello; let the rest of an older session pass."""
        if answers is None:
            return Ready(record.ident, message) if isinstance(message, Hello) else None
        if isinstance(message, Hello) and answers.nonce != self.nonce:
            raise self._stale(answers.nonce)
        request = self._opening.get(answers.sequence)
        if request is None or answers.nonce != self.nonce:
            self.counts["stale"] += 1
            return None
        if not isinstance(message, Hello):
            self._forget_hellos(answers.sequence)
            raise self._refused(message, request) if isinstance(message, Error) else self._mismatch(request, message)
        return self._greeted(record, answers, message, request)

    def _greeted(self, record: Record, answers: Answers, part: Hello, request: HelloRequest) -> Answer | None:
        """Take a part of the answer to hello; the last one opens the session."""
        self._greeting = [*self._greeting, (record, part)] if answers.part > 1 else [(record, part)]
        numbers = [(given.sequence - self._greeting[0][0].sequence) % 2**32 for given, _ in self._greeting]
        if numbers != list(range(answers.part)) or record.ident != self._greeting[0][0].ident:
            raise LinkError(f"part {answers.part} of {answers.parts} of a hello came out of order; run again")
        if answers.part < answers.parts:
            return None
        self._forget_hellos(answers.sequence)
        try:
            hello = merge([given for _, given in self._greeting])
            assert isinstance(hello, Hello)
            hello.check()
        except ValueError as error:
            raise TargetError(f"the device sent a hello that contradicts itself: {error}") from error
        self.hello, self.boot_id, self._reply_sequence = hello, record.ident, record.sequence
        return Answer(request, hello)

    def _check_order(self, record: Record, message: Message) -> None:
        if record.ident != self.boot_id:
            reason = message.reset_reason if isinstance(message, Hello) else "unknown"
            raise BootChangedError(str(self.boot_id), record.ident, reason)
        assert self._reply_sequence is not None
        expected = (self._reply_sequence + 1) % 2**32
        if record.sequence != expected:
            what = "repeated" if record.sequence < expected else "lost"
            raise LinkError(f"a record was {what}: number {record.sequence} came, {expected} was expected; run again")
        self._reply_sequence = expected

    def _unasked(self, record: Record, message: Message) -> Event | None:
        if isinstance(message, Hello):
            return Ready(record.ident, message)
        detail = f"{message.code}: {message.detail}" if isinstance(message, Error) else message.KIND
        raise LinkError(
            f"the device received something else than what was sent ({detail}); check the line and run again"
        )

    def _answered(self, answers: Answers, message: Message) -> Event | None:
        if answers.sequence in self._opening:
            if answers.part == answers.parts:
                self._forget_hellos(answers.sequence)
            return None
        if not self._outbox.in_flight or answers.sequence != self._outbox.in_flight[0].sequence:
            expected = f"{self._outbox.in_flight[0].sequence}" if self._outbox.in_flight else "none"
            raise LinkError(
                f"request {answers.sequence} was answered, {expected} was due: a request was lost; run again"
            )
        pending = self._outbox.in_flight[0]
        if isinstance(message, Error):
            self._outbox.in_flight.popleft()
            raise self._refused(message, pending.request)
        if message.KIND != pending.request.KIND:
            raise self._mismatch(pending.request, message)
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
            raise TargetError(f"the device contradicts itself: {error}") from error

    def _refused(self, error: Error, request: Message) -> LabError | TargetError:
        """Return what an error record means; what is queued and in flight goes on after a refusal."""
        if error.code in _LINK_CODES:
            return LinkError(f"the device did not receive what was sent ({error.code}: {error.detail}); run again")
        if error.code is ErrorCode.WRONG_NONCE:
            return self._stale(self.nonce)
        return RefusedError(error.code, request, error.detail)

    def _forget_hellos(self, sequence: int) -> None:
        """Replies come in order: a hello before the answered one is lost, later ones will be answered too."""
        self._opening = {number: hello for number, hello in self._opening.items() if number > sequence}

    def _mismatch(self, request: Message, message: Message) -> TargetError:
        return TargetError(f"the device answered {request.KIND} with {message.KIND}")

    def _stale(self, nonce: str) -> IdentityError:
        return IdentityError(
            f"a reply carries nonce {nonce}, this session's is {self.nonce}: an old transcript is being replayed, "
            "or another program talks to the board; close it and run again"
        )
