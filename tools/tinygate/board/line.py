"""The fastest way that host, board and the line between them have in common, found out once the board is known.

First whether every byte arrives: then requests are frames. Then the fastest rate at which they still do. Whatever does
not work is left again, by the board by itself, and the next slower is tried; at the end the line is as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from tinygate.board.port import Port
from tinygate.errors import LabError, LinkError
from tinygate.protocol import Answer, Hello, HostSession, LoopbackRequest, Message, RateRequest

RATES = (3_000_000, 2_000_000, 1_500_000, 921_600, 460_800, 230_400)
PATTERN = bytes(range(256))
"""In this order: of an emulator's console that takes 0x01 for a command's beginning, 0x02 is no command."""

_ANSWER_S = 0.8
_SWITCH_S = 0.005  # the board changes its rate once its answer has left
_RETURN_S = 1.2  # after which a board that heard nothing at a new rate is back, and a little
_RETURNS = 4
_REPAIRS = 3  # of one loopback, and the line does not carry it

Step = Callable[[float], Sequence[object]]
"""Sends and receives until something comes, or until that time; returns what came."""


class Line:
    """A session's line.

    Attributes:
        baud: its rate.
        framed: whether requests are frames.
    """

    def __init__(self, port: Port, session: HostSession, hello: Hello, step: Step) -> None:
        self.baud, self.framed = hello.baud, False
        self._port, self._session, self._hello, self._step = port, session, hello, step

    def negotiate(self, line_baud: int | None = None) -> None:
        """Find the best that works; no rate beyond `line_baud` is tried.

        Raises:
            LinkError: the board does not come back from a rate that does not work.
        """
        most = min(self._hello.max_baud, line_baud or self._hello.max_baud)
        if not self._port.is_raw:
            return
        self._session.write_frames(True)
        self.framed = self._ask(LoopbackRequest(PATTERN))
        if not self.framed:
            self._session.write_frames(False)
            self._come_back(LoopbackRequest(PATTERN))
            return
        for baud in RATES:
            if self._hello.baud < baud <= most and self._takes(baud):
                return

    def restore(self) -> None:
        """Put the line back to the rate at which the board boots."""
        if self.baud != self._hello.baud:
            self._ask(RateRequest(self._hello.baud))
            self.abandon()

    def abandon(self) -> None:
        """Put the port alone back: the board returns by itself."""
        if self.baud != self._hello.baud:
            self.baud = self._hello.baud
            time.sleep(_SWITCH_S)
            self._port.set_baud(self.baud)

    def _takes(self, baud: int) -> bool:
        """Try a rate; on False the line is as it was."""
        if not self._ask(RateRequest(baud)):
            return False
        time.sleep(_SWITCH_S)
        test = LoopbackRequest(PATTERN * 4)
        try:
            self._port.set_baud(baud)
            self.baud = baud
            works = self._ask(test)
        except LabError:
            works = False
            self._session.request(test)
        if not works:
            self.baud = baud
            self.abandon()
            time.sleep(_RETURN_S)
            self._come_back(test)
        return works

    def _come_back(self, test: Message) -> None:
        """Wait for what was sent while the line could not carry it: it is sent again."""
        for _ in range(_RETURNS):
            self._session.resend()
            if self._is_answered(test, repairs=_RETURNS):
                return
        raise LinkError(
            f"the board does not answer at {self._hello.baud} baud any more, after another way was tried; check cable "
            "and adapter, and reset the board"
        )

    def _ask(self, request: Message) -> bool:
        self._session.request(request)
        return self._is_answered(request, _REPAIRS)

    def _is_answered(self, request: Message, repairs: int) -> bool:
        """Wait for an answer, unless it is clear before that none will come: the line had to be mended so often."""
        until, most = time.monotonic() + _ANSWER_S, self._session.counts["repairs"] + repairs
        while time.monotonic() < until and self._session.counts["repairs"] < most:
            if any(isinstance(event, Answer) and event.request == request for event in self._step(until)):
                return True
        return False
