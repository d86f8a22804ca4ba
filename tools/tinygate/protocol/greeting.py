"""A hello and its answer, which may come in parts: put together, and refused when it contradicts itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from tinygate.errors import LinkError, TargetError
from tinygate.protocol.envelope import Answers, check_request
from tinygate.protocol.events import CHECK_LINE, stale
from tinygate.protocol.framing import Record
from tinygate.protocol.hello import Hello
from tinygate.protocol.outbox import Pending
from tinygate.protocol.parts import merge
from tinygate.protocol.schema import Message


def fresh_nonce() -> str:
    """Return 8 random hex digits."""
    return secrets.token_hex(4)


class Greeting:
    """A hello that is said until it is answered, and the parts of its answer, in order; a first part begins anew."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce
        self._opening: Pending | None = None
        self._parts: list[tuple[Record, Hello]] = []

    @property
    def is_open(self) -> bool:
        """Whether a hello waits for its answer."""
        return self._opening is not None

    def open(self, make: Callable[[], Pending]) -> bytes:
        """Return the line of the hello that is not answered, or of a new one."""
        self._opening = self._opening or make()
        return self._opening.line

    def forget(self) -> None:
        """Wait for no answer any more."""
        self._opening = None

    def is_answered_by(self, answers: Answers, message: Message) -> bool:
        """Return whether a reply answers our hello.

        Raises:
            IdentityError: it is an answer to someone else's; LinkError: ours was altered on its way.
        """
        if isinstance(message, Hello) and answers.nonce != self._nonce:
            raise stale(answers.nonce, self._nonce)
        if self._opening is None or (answers.sequence, answers.nonce) != (self._opening.sequence, self._nonce):
            return False
        check_request(answers, self._opening.crcs)
        return True

    def take(self, record: Record, answers: Answers, part: Hello) -> Hello | None:
        """Return the hello whose last part this is, None while parts are missing.

        Raises:
            LinkError: a part is missing or out of order.
            TargetError: what it says cannot be.
        """
        self._parts = [*self._parts, (record, part)] if answers.part > 1 else [(record, part)]
        first = self._parts[0][0]
        numbers = [(given.sequence - first.sequence) % 2**32 for given, _ in self._parts]
        if numbers != list(range(answers.part)) or record.ident != first.ident:
            raise LinkError(f"part {answers.part} of {answers.parts} of a hello came out of order; {CHECK_LINE}")
        if answers.part < answers.parts:
            return None
        self.forget()
        try:
            hello = merge([given for _, given in self._parts])
            assert isinstance(hello, Hello)
            hello.check()
        except ValueError as error:
            raise TargetError(
                f"the device sent a hello that contradicts itself ({error}); look at what it takes its tensors from"
            ) from error
        return hello
