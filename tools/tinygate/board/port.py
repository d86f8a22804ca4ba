"""Bytes to and from a board: the two ways a run can reach one, behind one small interface."""

from __future__ import annotations

import os
import time
from typing import Any, Protocol

from tinygate.board.log import BootLog
from tinygate.errors import LabError

_CHUNK_BYTES = 65536
_LOOK_AGAIN_S = 0.02


class Port(Protocol):
    """What a run needs of a board."""

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LabError when the port is gone."""

    def read_available(self, deadline: float) -> bytes:
        """Return bytes as soon as there are any, or none at the deadline (of time.monotonic).

        Raises:
            LabError: the port is gone; raised within a second of its going.
        """


class DutPort:
    """A board that pytest-embedded drives: writes go to its serial port or process, reads come from its log."""

    def __init__(self, dut: Any, log: BootLog) -> None:
        self._dut, self._log = dut, log

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LabError when the port is gone."""
        try:
            self._dut.write(data)
        except OSError as error:  # pyserial's SerialException is one
            raise _gone(str(error)) from error

    def read_available(self, deadline: float) -> bytes:
        """Return what the log has gained, waiting for it until the deadline. Raises LabError when the port is gone."""
        while True:
            data: bytes = self._dut.pexpect_proc.read_nonblocking(_CHUNK_BYTES, timeout=0)
            remaining = deadline - time.monotonic()
            if data or remaining <= 0:
                return data
            self._check_alive()
            # QEMU's log is written by another process, which cannot wake this one: look again soon.
            self._log.wait(min(remaining, _LOOK_AGAIN_S))

    def _check_alive(self) -> None:
        """pytest-embedded tries to reconnect for nine seconds and says nothing; a run that lost its port is void."""
        process = getattr(self._dut, "qemu", None)
        if process is not None and process.poll() is not None:
            raise _gone(f"the emulator ended with exit code {process.returncode}")
        serial = getattr(self._dut, "serial", None)
        if serial is not None:
            _check_serial(serial.proc)


def _check_serial(serial: Any) -> None:
    reader = getattr(serial, "_thread", None)  # only RFC 2217 ports have one; it ends with the connection
    if reader is not None and not reader.is_alive():
        raise _gone("the connection to the port's server ended")
    try:
        if isinstance(descriptor := getattr(serial, "fd", None), int):
            os.fstat(descriptor)
            _ = serial.in_waiting
    except OSError as error:
        raise _gone(str(error)) from error


def _gone(detail: str) -> LabError:
    return LabError(f"the port vanished during the run ({detail}); nothing of this run counts: check cable and board")
