"""What a board says besides records: console text, classified into faults. No I/O, no clock, bounded memory.

A fault found here decides a run even when a good result follows it: a board that panicked, rebooted and then answered
correctly has panicked. The first fault is the cause; what follows it are consequences.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from tinygate.errors import LabError, TargetError, TinygateError, UnbootableError
from tinygate.redaction import redact
from tinygate.targets.faults import ConsoleSigns, FaultKind

KEPT_LINES = 120
KEPT_LINE_CHARS = 200
SEARCHED_CHARS = 1 << 20  # of a line: a fault is looked for before anything is cut
RESETS_OF_A_BOOT_LOOP = 3


@dataclass(frozen=True)
class Fault:
    """One fault and the console line that shows it."""

    kind: FaultKind
    line: str

    def error(self) -> TinygateError:
        """Return the error that this fault means: the supply is the lab's, everything else the firmware's."""
        if self.kind in (FaultKind.BROWN_OUT, FaultKind.POWER):
            return LabError(f'{self.kind}: the console says "{self.line}"; this run does not count, check the supply')
        blame = UnbootableError if self.kind is FaultKind.BAD_IMAGE else TargetError
        return blame(f'{self.kind}: the console says "{self.line}"; this run fails, whatever followed')


_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def plain(line: str, limit: int = KEPT_LINE_CHARS) -> str:
    """Return a console line without colour codes, unprintable characters, secrets and excess length."""
    return redact(_UNPRINTABLE.sub("?", _ESCAPES.sub("", line[: 2 * limit]).strip()))[:limit]


class Console:
    """Reads console lines in order and remembers the first fault and the last lines."""

    def __init__(self, signs: ConsoleSigns) -> None:
        self.fault: Fault | None = None
        self._signs = signs
        self.resets: list[str] = []
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._running = False

    def started(self) -> None:
        """The application has proven who it is: from now on no reset is part of booting."""
        self._running = True

    def feed(self, line: str) -> None:
        """Take one line of console text, without its end."""
        text = plain(line, SEARCHED_CHARS)
        if not text:
            return
        self._lines.append(text[:KEPT_LINE_CHARS])
        reset = self._signs.reset_in(text)
        kind = self._after_reset(*reset) if reset else self._signs.fault_in(text)
        if kind is not None and (self.fault is None or kind is FaultKind.BROWN_OUT):
            self.fault = Fault(kind, _excerpt(text, self._signs))

    def feed_unfinished(self, text: str) -> None:
        """Look at a line that has not ended for a fault; it may be given again, longer, and when it ends."""
        for line in text.splitlines():
            if self.fault is None and self._signs.fault_in(plain(line, SEARCHED_CHARS)):
                self.feed(line)

    def raise_fault(self) -> None:
        """Raise the first fault's error, if there was a fault."""
        if self.fault is not None:
            raise self.fault.error()

    def tail(self, count: int = 20) -> tuple[str, ...]:
        """Return the last lines of console text; records are not among them."""
        return tuple(self._lines)[-count:]

    def _after_reset(self, reason: str, kind: FaultKind) -> FaultKind | None:
        self.resets = [*self.resets, reason][-KEPT_LINES:]
        if kind is FaultKind.POWER:  # firmware cannot cause it: supply, reset line, or the reset that began this boot
            return kind if self._running else None
        if kind is not FaultKind.RESET or self._running:
            return kind
        return FaultKind.BOOT_LOOP if len(self.resets) >= RESETS_OF_A_BOOT_LOOP else None


def _excerpt(text: str, signs: ConsoleSigns) -> str:
    """Return the part of a long line that shows the fault."""
    found = signs.place_in(text)
    return text[found : found + KEPT_LINE_CHARS] if found > KEPT_LINE_CHARS // 2 else text[:KEPT_LINE_CHARS]


def classify(lines: Iterable[str], signs: ConsoleSigns) -> Fault | None:
    """Return the fault that a whole console log shows, or None: for logs that were recorded elsewhere."""
    console = Console(signs)
    for line in lines:
        console.feed(line)
    return console.fault
