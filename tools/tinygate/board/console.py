"""What a board says besides records: console text, classified into faults. No I/O, no clock, bounded memory.

A fault found here decides a run even when a good result follows it: a board that panicked, rebooted and then answered
correctly has panicked. The first fault is the cause; what follows it are consequences.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from tinygate.errors import LabError, TargetError, TinygateError

KEPT_LINES = 120
KEPT_LINE_CHARS = 200
RESETS_OF_A_BOOT_LOOP = 3


class FaultKind(StrEnum):
    """What went wrong, in words for a report."""

    PANIC = "panic"
    ABORT = "abort"
    ASSERT = "failed assertion"
    HEAP = "heap corruption"
    STACK = "stack overflow"
    INTERRUPT_WATCHDOG = "interrupt watchdog"
    TASK_WATCHDOG = "task watchdog"
    HARDWARE_WATCHDOG = "hardware watchdog reset"
    BOOT_LOOP = "boot loop"
    RESET = "reset during the run"
    BAD_IMAGE = "image that does not boot"
    BROWN_OUT = "brown-out"
    POWER = "power or reset line during the run"


@dataclass(frozen=True)
class Fault:
    """One fault and the console line that shows it."""

    kind: FaultKind
    line: str

    def error(self) -> TinygateError:
        """Return the error that this fault means: the supply is the lab's, everything else the firmware's."""
        if self.kind in (FaultKind.BROWN_OUT, FaultKind.POWER):
            return LabError(f'{self.kind}: the console says "{self.line}"; this run does not count, check the supply')
        return TargetError(f'{self.kind}: the console says "{self.line}"; this run fails, whatever followed')


# Tried in this order on every line; the wording is ESP-IDF's panic handler, heap, FreeRTOS port and ROM.
_SIGNS: tuple[tuple[re.Pattern[str], FaultKind], ...] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"Brownout detector was triggered", FaultKind.BROWN_OUT),
        (r"Guru Meditation Error: .*Interrupt wdt timeout", FaultKind.INTERRUPT_WATCHDOG),
        (r"Guru Meditation Error: .*(Stack canary|Stack protection)", FaultKind.STACK),
        (r"Guru Meditation Error", FaultKind.PANIC),
        (r"Task watchdog got triggered", FaultKind.TASK_WATCHDOG),
        (r"A stack overflow in task .* has been detected", FaultKind.STACK),
        (r"Stack smashing protect failure", FaultKind.STACK),
        (r"CORRUPT HEAP:", FaultKind.HEAP),
        (r"assert failed: ", FaultKind.ASSERT),
        (r"abort\(\) was called at PC", FaultKind.ABORT),
        (r"Fatal exception \(", FaultKind.PANIC),
        # What a panic prints next: its first line may have been lost in a record that it cut off.
        (r"register dump:|^Backtrace:|^Rebooting\.\.\.", FaultKind.PANIC),
        (r"^invalid header: 0x", FaultKind.BAD_IMAGE),
        (r"esp_image: (Checksum failed|Image hash failed|image at .* has invalid magic byte)", FaultKind.BAD_IMAGE),
        (r"boot: No bootable app partitions", FaultKind.BAD_IMAGE),
    )
)
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_RESET_LINE = re.compile(r"rst:0x[0-9a-f]+ \((?P<reason>\w+)\),boot:0x[0-9a-f]+ \((?P<boot>[A-Z_]+)")
_POWER_ON = ("POWERON_RESET", "POWERON")


def plain(line: str) -> str:
    """Return a console line without colour codes, unprintable characters and excess length."""
    return _UNPRINTABLE.sub("?", _ESCAPES.sub("", line[: 2 * KEPT_LINE_CHARS]).strip())[:KEPT_LINE_CHARS]


class Console:
    """Reads console lines in order and remembers the first fault and the last lines."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.resets: list[str] = []
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._running = False

    def started(self) -> None:
        """The application has proven who it is: from now on no reset is part of booting."""
        self._running = True

    def feed(self, line: str) -> None:
        """Take one line of console text, without its end."""
        text = plain(line)
        if not text:
            return
        self._lines.append(text)
        reset = _RESET_LINE.search(text)
        found = self._after_reset(reset["reason"], text) if reset else _sign(text)
        if found is not None and (self.fault is None or found.kind is FaultKind.BROWN_OUT):
            self.fault = found

    def raise_fault(self) -> None:
        """Raise the first fault's error, if there was a fault."""
        if self.fault is not None:
            raise self.fault.error()

    def tail(self, count: int = 20) -> tuple[str, ...]:
        """Return the last lines of console text; records are not among them."""
        return tuple(self._lines)[-count:]

    def _after_reset(self, reason: str, line: str) -> Fault | None:
        self.resets = [*self.resets, reason][-KEPT_LINES:]
        if "BROWN" in reason:
            return Fault(FaultKind.BROWN_OUT, line)
        if reason in _POWER_ON:  # firmware cannot cause it: supply, EN line, or the reset that started this boot
            return Fault(FaultKind.POWER, line) if self._running else None
        if "WDT" in reason:
            return Fault(FaultKind.HARDWARE_WATCHDOG, line)
        if self._running:
            return Fault(FaultKind.RESET, line)
        return Fault(FaultKind.BOOT_LOOP, line) if len(self.resets) >= RESETS_OF_A_BOOT_LOOP else None


def _sign(text: str) -> Fault | None:
    return next((Fault(kind, text) for pattern, kind in _SIGNS if pattern.search(text)), None)


def classify(lines: Iterable[str]) -> Fault | None:
    """Return the fault that a whole console log shows, or None: for logs that were recorded elsewhere."""
    console = Console()
    for line in lines:
        console.feed(line)
    return console.fault
