"""Bytes to and from a board: what a run needs of one, over a serial port or an emulator's process."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from tinygate.board.log import BootLog
from tinygate.errors import LabError
from tinygate.targets.child import wait_or_kill

_CHUNK_BYTES = 65536
_LOOK_AGAIN_S = (0.0005, 0.01)  # at first, and when nothing has come for a while
_END_S = 5.0
_URL_HANDLERS = "tinygate.board.urlhandler"


class Port(Protocol):
    """What a run needs of a board.

    Attributes:
        is_raw: whether it may carry every byte; an emulator's console takes some for commands of its own.
    """

    is_raw: bool

    def set_baud(self, baud: int) -> None:
        """Change the rate. Raises LabError when the port has no such rate, or is gone."""

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LabError when the port is gone."""

    def read_available(self, deadline: float) -> bytes:
        """Return bytes as soon as there are any, or none at the deadline (of time.monotonic).

        Raises:
            LabError: the port is gone; raised within a second of its going.
        """


@contextmanager
def port_of(dut: Any, log: BootLog) -> Iterator[Port]:
    """Yield the port of a board that pytest-embedded has set up.

    Its serial redirect thread looks for bytes every 50 ms, which a bulk transfer would wait for again and again, and
    tries to reconnect in silence when the port vanishes: for the time of the run the port is read directly.
    """
    link: Any = getattr(dut, "qemu", None) or dut.serial
    if not isinstance(link, subprocess.Popen):
        link.stop_redirect_thread()
        yield SerialPort(link.proc, log)
        link.start_redirect_thread()  # after a fault nobody needs it, and it would try to reconnect for nine seconds
        return
    try:
        with ProcessPort(link, log) as port:
            yield port
    finally:
        _end(link)


class SerialPort:
    """An open pyserial port, local or RFC 2217; everything read is logged.

    Args:
        serial: opened with a short read timeout (at most a second).
        log: where its bytes go; what is already there was read by someone else and comes first.
    """

    def __init__(self, serial: Any, log: BootLog) -> None:
        self._serial, self._log = serial, log
        self._early = log.console.read_bytes()
        self.is_raw = True

    def set_baud(self, baud: int) -> None:
        """Change the rate. Raises LabError when the port has no such rate, or is gone."""
        try:
            self._serial.baudrate = baud
        except (OSError, ValueError) as error:  # by the driver, or by pyserial
            raise LabError(f"the serial port does not take {baud} baud ({error}); check adapter and driver") from error

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LabError when the port is gone."""
        try:
            self._serial.write(data)
        except OSError as error:  # pyserial's SerialException is one
            raise _gone(error) from error

    def read_available(self, deadline: float) -> bytes:
        """Return bytes as soon as there are any, or none at the deadline. Raises LabError when the port is gone."""
        data, self._early = self._early, b""
        try:
            while not data:
                data = self._serial.read(1)
                if not data and time.monotonic() >= deadline:
                    return b""
                data += self._serial.read(self._serial.in_waiting)
                self._log.put(data)
        except (OSError, TypeError) as error:  # TypeError: pyserial's read of a port that was closed meanwhile
            raise _gone(error) from error
        return data


class ProcessPort:
    """An emulator's process that pytest-embedded has started: it prints to a file, which is read here and logged.

    Nobody tells when a file grows, so it is looked at: often while bytes come, seldom when none do.

    Args:
        process: pytest-embedded's; its `_logfile` is what it prints to.
        log: where its bytes go.
    """

    is_raw = False

    def __init__(self, process: subprocess.Popen[bytes], log: BootLog) -> None:
        self._process, self._log = process, log
        self._printed = Path(process._logfile).open("rb")  # type: ignore[attr-defined]  # noqa: SIM115

    def __enter__(self) -> ProcessPort:
        return self

    def __exit__(self, *_: object) -> None:
        self._printed.close()

    def set_baud(self, baud: int) -> None:
        """Refuse: a pipe has no rate."""
        raise LabError(f"an emulator's console has no rate: {baud} baud were asked for")

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LabError when the process is gone."""
        assert self._process.stdin is not None
        try:
            while data:  # a pipe without a buffer may take a part
                data = data[self._process.stdin.write(data) :]
        except OSError as error:
            raise _gone(error) from error

    def read_available(self, deadline: float) -> bytes:
        """Return what was printed, or none at the deadline. Raises LabError when the process is gone."""
        pause, longest = _LOOK_AGAIN_S
        while True:
            is_alive = self._process.poll() is None  # before reading: what it printed last is not missed
            if data := self._printed.read(_CHUNK_BYTES):
                self._log.put(data)
                return data
            if not is_alive:
                raise _gone(f"the emulator ended with exit code {self._process.returncode}")
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return b""
            time.sleep(min(remaining, pause))
            pause = min(2 * pause, longest)


def reopen(serial: Any) -> None:
    """Open a pyserial port anew: after a fault its connection may be a dead one, and nothing on it would arrive.

    Raises:
        OSError: it is not there any more.
    """
    with suppress(OSError):
        serial.close()
    serial.open()


def read_emulators_directly() -> None:
    """Let pytest-embedded start no process of its own that copies what an emulator prints: `ProcessPort` reads it."""
    from pytest_embedded.log import DuplicateStdoutPopen

    DuplicateStdoutPopen.REDIRECT_CLS = None


def use_fast_rfc2217() -> None:
    """Let rfc2217:// URLs open the client of `tinygate.board.urlhandler`, which negotiates only what has changed."""
    import serial

    if _URL_HANDLERS not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.insert(0, _URL_HANDLERS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End an emulator and its pipe; pytest-embedded signals it, but does not wait for it."""
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    wait_or_kill(process, _END_S)
    # pytest-embedded's copy of the console: all of it is in our own log.
    copy = Path(process._logfile)  # type: ignore[attr-defined]
    copy.unlink(missing_ok=True)
    with suppress(OSError):  # a folder with other files in it stays
        copy.parent.rmdir()


def _gone(detail: object) -> LabError:
    return LabError(f"the port vanished during the run ({detail}); nothing of this run counts: check cable and board")
