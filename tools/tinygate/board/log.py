"""The logs of one boot: what the board printed, and what the flashing tool printed, each in a file of its own.

`BootLog` stands in for pytest-embedded's message queue, whose consumer is a process of its own that copies every
console line to standard output: thousands of data records before the one line that matters. Here bytes go to the
files only, with one process and two copies fewer.
"""

from __future__ import annotations

import threading
from pathlib import Path

MAX_LOG_BYTES = 64 * 1024 * 1024
IDLE_PAUSE_S = 0.005


class BootLog:
    """Appends console bytes to `console` and tool output to `tool`, and tells a reader when more has arrived.

    Pickles to its paths: with QEMU the writer is another process.
    """

    def __init__(self, console: Path, tool: Path) -> None:
        self.console, self.tool = console, tool
        self._arrived = threading.Event()
        self._idle = threading.Event()
        self._room_bytes = MAX_LOG_BYTES
        console.parent.mkdir(parents=True, exist_ok=True)
        console.touch()

    def __reduce__(self) -> tuple[type[BootLog], tuple[Path, Path]]:
        return BootLog, (self.console, self.tool)

    def put(self, data: bytes) -> None:
        """Append what the board printed; nothing to append means that the writer polls, so make it pause."""
        if not data:
            self._idle.wait(IDLE_PAUSE_S)
            return
        if self._room_bytes > 0:
            with self.console.open("ab") as log:
                log.write(data[: self._room_bytes])
            self._room_bytes -= len(data)
        self._arrived.set()

    def wait(self, timeout_s: float) -> None:
        """Return when bytes have been put since the last call, or after the timeout."""
        self._arrived.wait(timeout_s)
        self._arrived.clear()

    def write(self, text: str) -> int:
        """Append what esptool printed: standard output is redirected here while it works."""
        with self.tool.open("a", encoding="utf-8") as log:
            log.write(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing: every write is flushed."""

    def isatty(self) -> bool:
        """Say no: no progress bars in a log."""
        return False
