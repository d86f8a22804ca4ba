"""The device's side of a session, as the firmware must behave: checks requests, numbers and encodes replies."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from tinygate.protocol.envelope import Answers, encode_reply
from tinygate.protocol.framing import Damaged, Decoder, Direction, Event, Reason, Record
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import REQUESTS, Error, ErrorCode, HelloRequest
from tinygate.protocol.schema import Message

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
        self._last_request = 0
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

    def ready(self, hello: Hello) -> None:
        """Announce a boot, unasked."""
        self._send(hello, None)

    def reply(self, incoming: Incoming, message: Message) -> None:
        """Answer a request, in parts when one line is too short."""
        self._send(message, Answers(incoming.sequence, incoming.nonce, incoming.crc32))

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
        result = self._judge(event)
        if isinstance(result, Error):
            self._send(result, Answers(event.sequence, event.ident, event.crc32))
            return None
        return Incoming(result, event.sequence, event.ident, event.crc32)

    def _judge(self, record: Record) -> Error | Message:
        """Return the request in a record, or why it is refused; a number in order counts even then."""
        if record.kind == HelloRequest.KIND:
            self._nonce = record.ident
        elif record.ident != self._nonce:
            return Error(ErrorCode.WRONG_NONCE, f"nonce {record.ident} opened no session: send hello first")
        elif record.sequence != (self._last_request + 1) % 2**32:
            detail = f"request {record.sequence} came after {self._last_request}: send hello first"
            return Error(ErrorCode.BAD_SEQUENCE, detail)
        self._last_request = record.sequence
        if record.kind not in REQUESTS:
            return Error(ErrorCode.UNKNOWN_KIND, f"{record.kind} is no request")
        try:
            return REQUESTS[record.kind].from_fields(record.fields)
        except ValueError as error:
            return Error(ErrorCode.BAD_REQUEST, str(error))

    def _send(self, message: Message, answers: Answers | None) -> None:
        for line in encode_reply(self._sequence, self.boot_id, message, answers):
            self._outgoing += line
            self._sequence = (self._sequence + 1) % 2**32
