"""The auto-reset circuit of an ESP32 board: a serial port's DTR and RTS drive EN (reset) and IO0 (boot mode).

Two cross-coupled transistors: EN is low while RTS is asserted and DTR is not; IO0 is low while DTR is asserted and
RTS is not. The chip samples IO0 when EN rises. EN rises slowly on a board, since a capacitor delays it, which hides
that a serial port cannot change both lines at once: the way from "in reset" to "IO0 low" leads through "both
asserted", where neither is low. Over RFC 2217 each change costs a round trip, and pyserial spends 50 ms on one. So
here EN's delay ends with the next change of a line, or when nothing changes for `SETTLE_S`.
"""

from __future__ import annotations

from enum import Enum

SETTLE_S = 0.3


class Strap(Enum):
    """What the chip does when reset ends."""

    RUN = "boot from flash"
    DOWNLOAD = "wait for a download"


class ResetLines:
    """Follows DTR and RTS; tells when the chip is held in reset and with which strap it starts. Sans-IO, times in s."""

    def __init__(self) -> None:
        self.dtr = self.rts = False
        self.in_reset = False
        self.deadline: float | None = None
        """When `settled` must be called at the latest; None while nothing is pending."""

    def change(self, dtr: bool, rts: bool, now: float) -> Strap | None:
        """Take the lines' new levels; return how the chip starts, if it does."""
        changed = (dtr, rts) != (self.dtr, self.rts)
        self.dtr, self.rts = dtr, rts
        if rts and not dtr:
            self.in_reset, self.deadline = True, None
            return None
        if not self.in_reset or not changed:
            return None
        if dtr and rts:
            self.deadline = now + SETTLE_S
            return None
        return self._start()

    def settled(self, now: float) -> Strap | None:
        """Return how the chip starts, if EN's delay has run out."""
        if self.deadline is None or now < self.deadline:
            return None
        return self._start()

    def _start(self) -> Strap:
        self.in_reset, self.deadline = False, None
        return Strap.DOWNLOAD if self.dtr and not self.rts else Strap.RUN
