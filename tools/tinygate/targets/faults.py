"""What can go wrong on a board, in words that all chip families share; and how a family's console tells of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What went wrong, in words for a report."""

    PANIC = "panic"
    ABORT = "abort"
    ASSERT = "failed assertion"
    HEAP = "heap corruption"
    UNDEFINED_BEHAVIOUR = "undefined behaviour"
    STACK = "stack overflow"
    INTERRUPT_WATCHDOG = "interrupt watchdog"
    TASK_WATCHDOG = "task watchdog"
    HARDWARE_WATCHDOG = "hardware watchdog reset"
    BOOT_LOOP = "boot loop"
    RESET = "reset during the run"
    BAD_IMAGE = "image that does not boot"
    BROWN_OUT = "brown-out"
    POWER = "power or reset line during the run"


def compiled(*rows: tuple[str, FaultKind]) -> tuple[tuple[re.Pattern[str], FaultKind], ...]:
    """Return patterns and what each means, ready for `ConsoleSigns`."""
    return tuple((re.compile(pattern), kind) for pattern, kind in rows)


@dataclass(frozen=True)
class ConsoleSigns:
    """How a family's console tells of faults.

    Attributes:
        faults: patterns, tried in this order on every line, and what each means.
        reset_line: matches what the ROM prints on a reset; its group `reason` says why.
        resets: patterns of reasons that mean something by themselves; any other is a fault if nobody asked for it.
    """

    faults: tuple[tuple[re.Pattern[str], FaultKind], ...]
    reset_line: re.Pattern[str]
    resets: tuple[tuple[re.Pattern[str], FaultKind], ...]

    def fault_in(self, line: str) -> FaultKind | None:
        """Return what a line of console text shows, None if it shows no fault."""
        return next((kind for pattern, kind in self.faults if pattern.search(line)), None)

    def place_in(self, line: str) -> int:
        """Return where in a line a fault or a reset shows, 0 if none does."""
        patterns = (self.reset_line, *(pattern for pattern, _ in self.faults))
        return next((found.start() for pattern in patterns if (found := pattern.search(line))), 0)

    def reset_in(self, line: str) -> tuple[str, FaultKind] | None:
        """Return the reason of the reset that a line tells of, and its kind; None if it tells of none."""
        found = self.reset_line.search(line)
        if found is None:
            return None
        reason = found["reason"]
        return reason, next((kind for pattern, kind in self.resets if pattern.search(reason)), FaultKind.RESET)
