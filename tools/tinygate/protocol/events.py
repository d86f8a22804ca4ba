"""What a host session reports, and the two errors that carry more than a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.errors import IdentityError, LabError, LinkError, TargetError
from tinygate.protocol.framing import Damaged, Reason, Text
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import Error
from tinygate.protocol.schema import Message
from tinygate.protocol.words import ErrorCode


class RefusedError(TargetError):
    """The device answered a request with an error; `code` says which, `detail` is its sentence."""

    def __init__(self, code: ErrorCode, request: Message, detail: str) -> None:
        super().__init__(f"the device refused {request.KIND} ({code}: {detail}); look at what it does with it")
        self.code = code
        self.detail = detail
        self.request = request


class BootChangedError(LabError):
    """The board restarted during a session; `reset_reason` is what it says itself, or "unknown"."""

    def __init__(self, before: str, after: str, reset_reason: str) -> None:
        super().__init__(
            f"the board restarted unasked (boot id {before}, then {after}, reset reason {reset_reason}): "
            "everything measured in this run is void; look at the console log and the power supply"
        )
        self.reset_reason = reset_reason


class UnansweredError(LinkError):
    """The device answered a later request and not this one: it was lost on its way, or the application ignores it."""

    def __init__(self, request: Message, answered: int) -> None:
        super().__init__(
            f"a {request.KIND} request was not answered, and request {answered} after it was: it was lost on its way "
            "to the board; run again, and check cable, adapter and rate"
        )
        self.request = request


@dataclass(frozen=True)
class Answer:
    """The whole reply to one request, its parts joined."""

    request: Message
    message: Message


@dataclass(frozen=True)
class Ready:
    """A hello that was not asked for: the board has booted."""

    boot_id: str
    hello: Hello


Event = Answer | Ready | Text | Damaged


CHECK_LINE = "check cable, adapter and rate, and run again"


def damaged(event: Damaged) -> LinkError | TargetError:
    """Return the error of a line that is no record: the line's fault, or the sender's if it came as it was sent."""
    shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in event.raw[:120])
    if event.reason is Reason.BAD_RECORD:
        return TargetError(f'the device sent a record that is none by its grammar: "{shown}"; build it anew')
    return LinkError(
        f'a line from the board is damaged ({event.reason.meaning}): "{shown}"; nothing of this run is used; '
        "check cable, baud rate and that no log is written in the middle of a record"
    )


def out_of_order(found: int, expected: int) -> LinkError:
    """Return the error of a record whose number is not the next one."""
    what = "repeated" if found < expected else "lost"
    return LinkError(f"a record was {what}: number {found} came, {expected} was expected; {CHECK_LINE}")


def mismatch(request: Message, message: Message) -> TargetError:
    """Return the error of an answer of another kind than the request's."""
    return TargetError(f"the device answered {request.KIND} with {message.KIND}; look at its runner")


def stale(nonce: str, own: str) -> IdentityError:
    """Return the error of a reply to another session."""
    return IdentityError(
        f"a reply carries nonce {nonce}, this session's is {own}: an old transcript is being replayed, "
        "or another program talks to the board; close it and run again"
    )


def refused(error: Error, request: Message, nonce: str) -> IdentityError | RefusedError:
    """Return what an error in the place of an answer means; what is queued and in flight goes on after a refusal."""
    if error.code is ErrorCode.WRONG_NONCE:
        return stale(nonce, nonce)
    return RefusedError(error.code, request, error.detail)
