"""What a host session reports, and the two errors that carry more than a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.errors import LabError, TargetError
from tinygate.protocol.framing import Damaged, Text
from tinygate.protocol.hello import Hello
from tinygate.protocol.messages import ErrorCode
from tinygate.protocol.schema import Message


class RefusedError(TargetError):
    """The device answered a request with an error; `code` says which, `detail` is its sentence."""

    def __init__(self, code: ErrorCode, request: Message, detail: str) -> None:
        super().__init__(f"the device refused {request.KIND}: {code}: {detail}")
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
