"""The answer to hello, which may come in parts: put together, and refused when it contradicts itself."""

from __future__ import annotations

from tinygate.errors import LinkError, TargetError
from tinygate.protocol.envelope import Answers
from tinygate.protocol.events import CHECK_LINE
from tinygate.protocol.framing import Record
from tinygate.protocol.hello import Hello
from tinygate.protocol.parts import merge


class Greeting:
    """Takes the parts in order; a first part begins anew."""

    def __init__(self) -> None:
        self._parts: list[tuple[Record, Hello]] = []

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
        try:
            hello = merge([given for _, given in self._parts])
            assert isinstance(hello, Hello)
            hello.check()
        except ValueError as error:
            raise TargetError(
                f"the device sent a hello that contradicts itself ({error}); look at what it takes its tensors from"
            ) from error
        return hello
