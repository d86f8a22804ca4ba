"""The logs of one boot: what the board printed, and what the flashing tool printed, each in a file of its own.

`BootLog` stands in for pytest-embedded's message queue, whose consumer is a process of its own that copies every
console line to standard output: thousands of data records before the one line that matters. Here bytes go to the
files only, with one process and two copies fewer.
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from tinygate.board.console import plain
from tinygate.errors import LabError
from tinygate.protocol import Decoder, Record, Text
from tinygate.protocol.framing import PREFIX
from tinygate.redaction import redact

MAX_LOG_BYTES = 64 * 1024 * 1024
IDLE_PAUSE_S = 0.005
_CHUNK_BYTES = 65536


class BootLog:
    """Appends console bytes to `console` and tool output to `tool`.

    Pickles to its paths: with QEMU the writer is another process.
    """

    def __init__(self, console: Path, tool: Path) -> None:
        self.console, self.tool = console, tool
        self._room_bytes = MAX_LOG_BYTES

    def begin(self) -> None:
        """Empty both logs: what an earlier boot printed must not be read as this one's."""
        for path in (self.console, self.tool):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")

    def __reduce__(self) -> tuple[type[BootLog], tuple[Path, Path]]:
        return BootLog, (self.console, self.tool)

    def put(self, data: bytes) -> None:
        """Append what the board printed; nothing to append means that the writer polls, so make it pause."""
        if not data:
            time.sleep(IDLE_PAUSE_S)
        elif self._room_bytes > 0:
            try:
                with self.console.open("ab") as log:
                    log.write(data[: self._room_bytes])
            except OSError as error:
                why = f"{self.console}: the log cannot be written ({error.strerror})"
                raise LabError(f"{why}; free space, or name another --report-dir, and run again") from error
            self._room_bytes -= len(data)

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


def redact_log(log: Path) -> None:
    """Take secrets out of the console text of a log that is no longer written; records stay as they came."""
    content = log.read_bytes()
    text = content.decode("latin-1")
    if redact(text) == text:  # what no line holds is found at once
        return
    lines = content.splitlines(keepends=True)
    kept = [line if PREFIX in line else redact(line.decode("latin-1")).encode("latin-1") for line in lines]
    if kept != lines:
        log.write_bytes(b"".join(kept))


def console_tail(log: Path, count: int = 15) -> tuple[str, ...]:
    """Return the last lines of console text in a log; records are left out."""
    lines: deque[str] = deque(maxlen=count)
    decoder = Decoder()
    with log.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            texts = (event for event in decoder.feed(chunk) if isinstance(event, Text))
            lines.extend(plain(text.raw.decode("ascii", "replace")) for text in texts)
    return tuple(lines)


def extension_values(log: Path, boot_id: str, kind: str, name: str, **like: str | None) -> tuple[int, ...]:
    """Return the integers that a boot's replies of one kind carry in an extension field, over all their parts.

    Only of replies whose fields are as `like` says; None for a field that is not there.

    Extensions (`x_…`) are for those who know them: the protocol's messages leave them out, the log has them.
    """
    decoder, values = Decoder(), []
    for event in decoder.feed(log.read_bytes()):
        if isinstance(event, Record) and (event.ident, event.kind) == (boot_id, kind):
            fields = {key: str(value) for key, value in event.fields}
            if all(fields.get(key) == wanted for key, wanted in like.items()):
                values += [int(value) for value in fields.get(name, "").split(",") if value.isdecimal()]
    return tuple(values)
