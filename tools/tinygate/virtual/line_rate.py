"""How long an application keeps its line at another rate: a host that is gone must find the board again."""

from __future__ import annotations

import time
from typing import Protocol

BOOT_BAUD, MAX_BAUD = 115_200, 5_000_000
TRIAL_S, QUIET_S = 1.0, 3.0  # until the first request at the new rate, and from one to the next
_LEAST_S = 0.01


class Uart(Protocol):
    """The serial port's rate; None: that of the boot."""

    baud: int | None


class LineRate:
    """The rate of an application's line, and when it returns to that of the boot."""

    def __init__(self, uart: Uart) -> None:
        self._uart = uart
        self._asked: int | None = None
        self._is_trial = False
        self._since = 0.0

    def ask(self, baud: int) -> None:
        """Note the rate that applies once the answer was sent."""
        self._asked = baud

    def apply(self) -> None:
        """Change to the rate that was asked for, if any was: all that belongs to the old one was sent."""
        if self._asked is not None:
            self._uart.baud, self._asked = self._asked, None
            self._is_trial, self._since = True, time.monotonic()

    def heard(self) -> None:
        """Note that a request was understood."""
        self._is_trial, self._since = False, time.monotonic()

    def patience_s(self) -> float | None:
        """Return how long to wait for the next request; None for ever."""
        if self._uart.baud in (None, BOOT_BAUD):
            return None
        return max(_LEAST_S, self._since + (TRIAL_S if self._is_trial else QUIET_S) - time.monotonic())

    def check(self) -> None:
        """Return to the boot's rate if nothing was understood for too long."""
        if self.patience_s() == _LEAST_S:
            self._uart.baud = BOOT_BAUD
