"""A virtual board whose supply breaks down for a moment whenever it gets SIGUSR1."""

from __future__ import annotations

import signal
import sys

from tinygate.virtual import command
from tinygate.virtual.esp32 import chip
from tinygate.virtual.esp32.boot import ResetReason
from tinygate.virtual.esp32.reset_lines import Strap

dropped: list[int] = []


class BrowningChip(chip.Chip):
    """Says what a chip says, and starts anew."""

    def advance(self, now: float, room: int) -> bytes:
        if dropped:
            dropped.clear()
            self._print("\r\nBrownout detector was triggered\r\n\r\n")
            self._start_with(Strap.RUN, ResetReason.POWER_ON, now)
        return super().advance(now, room)


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, lambda number, _: dropped.append(number))
    chip.Chip = BrowningChip  # type: ignore[misc]
    sys.exit(command.main())
