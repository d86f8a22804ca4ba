"""One pytest session as a child that can be interrupted, and that does not outlive its parent.

Ctrl-C, SIGINT, SIGTERM the session, and what it started, is asked to end in order: boards are closed, all is told
twice                   they are killed
kill -9 of the parent   the operating system kills it (Linux); what it started ends with it, see each starter
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from tinygate.gate.progress import following

END_S = 20.0
"""What a session gets to end in order before it is killed."""

_PR_SET_PDEATHSIG = 1


class InterruptedRunError(Exception):
    """The run was interrupted from outside; `exit_code` is the shell's convention, 128 + signal."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}; nothing was decided")
        self.exit_code = 128 + number


def run_session(command: Sequence[str], folder: Path, name: str = "session") -> int:
    """Run a pytest command to its end, show what it is doing, and return its exit code.

    Must be called from the main thread: it takes over SIGINT and SIGTERM meanwhile.

    Args:
        command: takes the option --progress-fd.
        folder: where it runs.
        name: what to call it while it runs.

    Raises:
        InterruptedRunError: a signal ended it.
    """
    with following(name) as pipes:
        process = subprocess.Popen(
            [*command, pipes.option],
            cwd=folder,
            env=_environment(),
            preexec_fn=die_with_parent,
            pass_fds=pipes.fds,
            stdout=pipes.stdout,
            process_group=0,  # a terminal's Ctrl-C comes here alone, and is passed on as any other
        )
        return _to_its_end(process)


def _to_its_end(process: subprocess.Popen[bytes]) -> int:
    received: list[int] = []

    def ask_to_end(number: int, frame: FrameType | None) -> None:
        received.append(number)
        _signal_group(process, signal.SIGKILL if len(received) > 1 else signal.SIGINT)

    with handling(ask_to_end):
        code = _wait(process, received)
    if received:
        raise InterruptedRunError(received[0])
    return code


def _environment() -> dict[str, str]:
    """Return this process's environment, without what takes `assert` out of a team's own tests."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONOPTIMIZE"}


def _wait(process: subprocess.Popen[bytes], received: list[int]) -> int:
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(END_S if received else 1.0)
        if received:
            _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a session and to what it has started, builds and flashing tools."""
    if process.poll() is None:  # after that its number may be another's
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


@contextlib.contextmanager
def handling(handler: signal._HANDLER) -> Iterator[None]:
    """Give SIGINT and SIGTERM to a handler meanwhile."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def die_with_parent() -> None:
    """Have the operating system kill this process when the one that started it has ended (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:  # it died before this could be asked for
            os._exit(1)
