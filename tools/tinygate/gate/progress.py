"""What a run is doing, from the pytest session that does it to the person who waits.

The session writes its steps into a pipe, a JSON array a line (`Progress`); the gate shows them (`Follower`): as one
line that is overwritten where standard output is a terminal, else as a plain line on standard error every ten seconds.
Nothing of it reaches standard output where that is no terminal, and a session never waits for it.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.status import Status
from rich.text import Text

EVERY_S = 10.0
"""How often a plain line is written."""

_PAUSE_S = 0.1  # between two lines of one step
_TICK_S = 0.5
_CHUNK_BYTES = 65536
_EARLY = 10  # with less than a tenth done nothing is known of the rest
_LEAVE_S = 2.0  # what a child of the session that keeps the pipe open gets
TESTS = "tests"


@dataclass(frozen=True)
class Step:
    """What is being done.

    Attributes:
        what: "gesture-ptq_int8: streaming"; "" for tests that are counted.
        done, total: in `unit`; a total of 0 means that it cannot be counted.
        unit: "windows", TESTS.
        unit_bytes: size of one; 0 where bytes are not what takes time.
    """

    what: str
    done: int = 0
    total: int = 0
    unit: str = ""
    unit_bytes: int = 0

    def text(self, elapsed_s: float) -> str:
        """Return the step in words, after it has taken so long."""
        if not self.total:
            return f"{self.what}, for {elapsed_s:.0f} s" if elapsed_s >= 1 else self.what
        said = f"{self.what} {self.done:,} of {self.total:,} {self.unit}".strip()
        if self.unit_bytes:
            said += f", {self.done * self.unit_bytes:,} of {self.total * self.unit_bytes:,} bytes"
        if not self.total <= _EARLY * self.done < _EARLY * self.total or elapsed_s < 1:
            return said
        return f"{said}, about {_duration(elapsed_s * (self.total - self.done) / self.done)} left"


def _duration(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


class Progress:
    """The session's end: says what is being done, if anybody listens."""

    def __init__(self, fd: int | None) -> None:
        self._fd, self._last, self._at = fd, "", 0.0
        if fd is not None:
            os.set_blocking(fd, False)

    def say(self, step: Step) -> None:
        """Send a step; one that follows another of its kind at once is left out, unless it is the last."""
        now = time.monotonic()
        hurries = step.what == self._last and now - self._at < _PAUSE_S and step.done < step.total
        if self._fd is None or hurries:
            return
        self._last, self._at = step.what, now
        line = json.dumps([step.what, step.done, step.total, step.unit, step.unit_bytes]) + "\n"
        with contextlib.suppress(OSError):  # nobody reads, or not fast enough
            os.write(self._fd, line.encode())


class Display:
    """What is known of a session's steps, as one line of text."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._tests, self._tests_at = Step("", unit=TESTS), time.monotonic()
        self._step, self._step_at = Step(""), time.monotonic()

    def take(self, line: bytes) -> None:
        """Take in a line of the pipe; what is no step is nobody's."""
        try:
            step = Step(*json.loads(line))
        except (ValueError, TypeError):
            return
        if step.unit == TESTS:
            self._tests, self._step = step, Step("")
        else:
            if step.what != self._step.what:
                self._step_at = time.monotonic()
            self._step = step

    def text(self) -> str:
        """Return where the session stands now."""
        now = time.monotonic()
        tests = self._tests.text(now - self._tests_at) if self._tests.total else "collecting tests"
        step = f"; {self._step.text(now - self._step_at)}" if self._step.what else ""
        return f"{self.name}: {tests}{step}"


@dataclass(frozen=True)
class Pipes:
    """Ends for a child: its option, the descriptors that it inherits, and its standard output (None: ours)."""

    option: str
    fds: tuple[int, ...]
    stdout: int | None


@contextmanager
def following(name: str) -> Iterator[Pipes]:
    """Show what a child does that is started with these pipes, until the end of the context."""
    console = Console()
    overwrites = sys.stdout.isatty() and not console.is_dumb_terminal  # FORCE_COLOR makes no terminal of a log
    follower = _Follower(Display(name), console if overwrites else None)
    follower.start()
    try:
        yield follower.pipes
    finally:
        follower.finish()


class _Follower(threading.Thread):
    """Reads what a session says, and shows it; on a terminal also what it prints, line by line, above."""

    def __init__(self, display: Display, console: Console | None) -> None:
        super().__init__(daemon=True)
        self._display, self._console = display, console
        self._steps, steps = os.pipe()
        self._output: int | None = None
        output: int | None = None
        if console is not None:
            self._output, output = os.pipe()
        self.pipes = Pipes(f"--progress-fd={steps}", (steps,), output)
        self._told_at = time.monotonic()

    def finish(self) -> None:
        """Close the child's ends here, and show what is left to read."""
        for fd in (*self.pipes.fds, self.pipes.stdout):
            if fd is not None:
                os.close(fd)
        self.join(_LEAVE_S)

    def run(self) -> None:
        """Read until both pipes have ended."""
        if self._console is None:
            self._follow(None)
            return
        with self._console.status(Text(self._display.text())) as status:
            self._follow(status)

    def _follow(self, status: Status | None) -> None:
        unfinished = {fd: b"" for fd in (self._steps, self._output) if fd is not None}
        with selectors.DefaultSelector() as selector:
            for fd in unfinished:
                selector.register(fd, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select(_TICK_S):
                    data = os.read(key.fd, _CHUNK_BYTES)
                    *lines, unfinished[key.fd] = (unfinished[key.fd] + data).split(b"\n")
                    if not data:
                        selector.unregister(key.fd)
                        os.close(key.fd)
                        lines = [line for line in (unfinished[key.fd],) if line]
                    self._take(key.fd, lines)
                self._tell(status)

    def _take(self, fd: int, lines: list[bytes]) -> None:
        for line in lines:
            if fd == self._steps:
                self._display.take(line)
            elif self._console is not None:
                self._console.print(Text.from_ansi(line.decode("utf-8", "replace")), soft_wrap=True)

    def _tell(self, status: Status | None) -> None:
        if status is not None:
            status.update(Text(self._display.text(), overflow="ellipsis", no_wrap=True))
        elif time.monotonic() - self._told_at >= EVERY_S:
            self._told_at = time.monotonic()
            print(f"tinygate: {self._display.text()}", file=sys.stderr, flush=True)
