"""What a board sends: sent requests out and bytes in, answers sorted from console text, and the console looked at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

from tinygate.board.console import KEPT_LINE_CHARS, Console
from tinygate.board.port import Port
from tinygate.errors import LabError
from tinygate.protocol import Answer, Damaged, ErrorCode, HostSession, Message, Ready, RefusedError, Text

Event = Answer | Ready | Text | Damaged


class Hearing:
    """A session's ears on a port.

    Attributes:
        console: what was no record.
        answers: all so far.
        heard: whether anything came at all.
    """

    def __init__(self, port: Port, session: HostSession, console: Console) -> None:
        self.console = console
        self.answers: list[Message] = []
        self.heard = False
        self._port, self._session = port, session
        self._dropped = b""

    def step(self, deadline: float) -> list[Event]:
        """Send what the device has room for, take what has come, and look at the console."""
        if outgoing := self._session.outgoing():
            self._port.write(outgoing)
        received = self._port.read_available(deadline)
        self.heard = self.heard or bool(received)
        dropping = self._session.dropping
        events = list(self._events(received))
        if dropping or self._session.dropping or any(isinstance(e, Damaged) for e in events):
            self._hear_dropped(received)
        if not received:
            self.unfinished()
        self.console.raise_fault()
        return events

    def _events(self, data: bytes) -> Iterator[Event]:
        try:
            for event in self._session.receive(data):
                self._note(event)
                yield event
        except RefusedError as refusal:
            if refusal.code is not ErrorCode.UNSUPPORTED:
                raise
            yield from self._events(b"")  # what came with the refusal

    def _note(self, event: Event) -> None:
        if isinstance(event, Text | Damaged):
            for line in event.raw.decode("ascii", "replace").splitlines():  # of a frame that a panic has cut, several
                self.console.feed(line)
        elif isinstance(event, Answer):
            self.answers.append(event.message)

    def unfinished(self) -> None:
        """Look at a line that has no end yet: a board that died in the middle of it will not end it."""
        self.console.feed_unfinished(self._session.unfinished.decode("ascii", "replace"))

    def _hear_dropped(self, received: bytes) -> None:
        """Look for a fault in what a line that is too long has lost."""
        self._dropped = self._dropped[-KEPT_LINE_CHARS:] + received
        self.console.feed_unfinished(self._dropped.decode("ascii", "replace"))

    def listen_on(self, seconds: float) -> None:
        """Hear what explains an error, or what a panic prints after its first line: registers and backtrace."""
        until, data = time.monotonic() + seconds, b""
        with suppress(LabError):
            while True:
                for event in self._session.text_in(data):
                    self._note(event)
                self.unfinished()
                if time.monotonic() >= until:
                    return
                data = self._port.read_available(until)
