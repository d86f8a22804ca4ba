"""The device's side of a session, as the firmware must behave: checks requests, numbers and encodes replies."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tinygate.protocol.decoder import Decoder
from tinygate.protocol.envelope import Answers, encode_reply
from tinygate.protocol.framing import Damaged, Direction, Event, Reason, Record
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import REQUESTS, Error, HelloRequest, InferRequest
from tinygate.protocol.order import Order, ReplyLog
from tinygate.protocol.raw_messages import InferRawRequest
from tinygate.protocol.schema import Message
from tinygate.protocol.words import ErrorCode, Reset

REPLY_LOG_BYTES = 8192
_DAMAGE = {
    Reason.TRUNCATED: ErrorCode.BAD_FRAME,
    Reason.TOO_LONG: ErrorCode.TOO_LARGE,
    Reason.BAD_FRAME: ErrorCode.BAD_FRAME,
    Reason.BAD_CRC: ErrorCode.BAD_CRC,
    Reason.BAD_RECORD: ErrorCode.BAD_FRAME,
}


@dataclass(frozen=True)
class Incoming:
    """A request that passed every check of the session, to be answered with `DeviceSession.reply`."""

    request: Message
    sequence: int
    nonce: str
    crc32: str
    framed: bool = False


class DeviceSession:
    """Requests in, reply bytes out. Feed it, answer each `Incoming` in order, send `outgoing()`.

    Args:
        boot_id: 8 hex digits drawn at each boot.
        rx_line_bytes: longest request line, line end included, as announced in hello.
    """

    def __init__(self, boot_id: str, rx_line_bytes: int) -> None:
        self.boot_id = boot_id
        self.rejected_records = 0
        self._decoder = Decoder(rx_line_bytes)
        self._incoming: deque[Event] = deque()
        self._sequence = 0
        self._nonce: str | None = None
        self._order = Order(0)
        self._log = ReplyLog(REPLY_LOG_BYTES)
        self._outgoing = b""

    def feed(self, data: bytes) -> Iterator[Incoming]:
        """Take received bytes and return an iterator over the requests to carry out.

        Answer each before taking the next, since what is no lawful request is answered by the session in its turn.
        """
        self._incoming.extend(self._decoder.feed(data))
        return self._requests()

    def _requests(self) -> Iterator[Incoming]:
        while self._incoming:
            if incoming := self._check(self._incoming.popleft()):
                yield incoming

    @property
    def is_between_records(self) -> bool:
        """Whether what has come last belongs to no record."""
        return self._decoder.in_text

    def ready(self, hello: Hello) -> None:
        """Announce a boot, unasked."""
        self._send(hello, None)

    def reply(self, incoming: Incoming, message: Message) -> None:
        """Answer a request, in parts when one line is too short."""
        answers = Answers(incoming.sequence, incoming.nonce, incoming.crc32, framed=incoming.framed)
        self._log.put(incoming.sequence, self._send(message, answers))

    def outgoing(self) -> bytes:
        """Return the bytes to send, once."""
        data, self._outgoing = self._outgoing, b""
        return data

    def _check(self, event: Event) -> Incoming | None:
        if isinstance(event, Damaged) and event.reason in _DAMAGE:
            self.rejected_records += 1
            detail = f"{event.reason}: {len(event.raw)} bytes were no request"
            self._send(Error(_DAMAGE[event.reason], detail), None)
        if not isinstance(event, Record) or event.direction is Direction.REPLY:
            return None
        incoming = Incoming(HelloRequest(), event.sequence, event.ident, event.crc32, event.framed)
        if event.kind == HelloRequest.KIND:
            self._open(event)
        elif event.ident == self._nonce and self._order.is_done(event.sequence):
            self._answer_again(event)
            return None
        result = self._judge(event)
        if not isinstance(result, Error):
            return Incoming(result, event.sequence, event.ident, event.crc32, event.framed)
        if result.code in (ErrorCode.WRONG_NONCE, ErrorCode.BAD_SEQUENCE):
            self._send(result, _answers(event))
        else:
            self.reply(incoming, result)
        return None

    def _open(self, record: Record) -> None:
        """A new nonce opens a session; the same one again is a question like any other, which needs no turn."""
        if record.ident != self._nonce or not self._order.is_within(record.sequence):
            self._nonce, self._order = record.ident, Order(record.sequence)
            self._log = ReplyLog(REPLY_LOG_BYTES)

    def _answer_again(self, record: Record) -> None:
        kept = self._log.get(record.sequence)
        if kept is None:
            detail = f"request {record.sequence} was carried out before, and its answer is not kept"
            self._send(Error(ErrorCode.LOST, detail), _answers(record))
        else:
            self._outgoing += kept

    def _judge(self, record: Record) -> Error | Message:
        """Return the request in a record, or why it is refused; a number in order counts even then."""
        if record.ident != self._nonce:
            return Error(ErrorCode.WRONG_NONCE, f"nonce {record.ident} opened no session: send hello first")
        request = _parsed(record)
        may_overtake = isinstance(request, HelloRequest) or (
            isinstance(request, InferRequest | InferRawRequest) and request.reset is Reset.ALONE
        )
        if record.sequence != self._order.next and not (may_overtake and self._order.is_within(record.sequence)):
            if self._order.is_done(record.sequence):
                return request
            detail = f"request {record.sequence} came before {self._order.next}: send that one again"
            return Error(ErrorCode.BAD_SEQUENCE, detail)
        self._order.take(record.sequence)
        return request

    def _send(self, message: Message, answers: Answers | None) -> bytes:
        lines = encode_reply(self._sequence, self.boot_id, message, answers)
        self._sequence = (self._sequence + len(lines)) % 2**32
        sent = b"".join(lines)
        self._outgoing += sent
        return sent


def _answers(record: Record) -> Answers:
    return Answers(record.sequence, record.ident, record.crc32, framed=record.framed)


def _parsed(record: Record) -> Error | Message:
    if record.kind not in REQUESTS:
        return Error(ErrorCode.UNKNOWN_KIND, f"{record.kind} is no request")
    try:
        return REQUESTS[record.kind].from_fields(record.fields)
    except ValueError as error:
        return Error(ErrorCode.BAD_REQUEST, str(error))
