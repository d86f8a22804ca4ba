"""The chip's processor as a child process: it can crash, hang or be reset without harm to the link.

The process is forked, not started afresh: the interpreter library is loaded once, and a boot takes milliseconds.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_MAX_APP_MEMORY_BYTES = 4 << 30
_MAX_DESCRIPTOR = 1024


class Cpu:
    """A running application; its UART is a socket to this process."""

    def __init__(self, application: Callable[[socket.socket], None]) -> None:
        """Start `application` in a child process; it is given the other end of the UART."""
        self._uart, far_end = socket.socketpair()
        self._exit_status: int | None = None
        self._unsent = bytearray()
        parent = os.getpid()
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid == 0:
            self._uart.close()
            _run(application, far_end, parent)
        far_end.close()
        self._uart.setblocking(False)

    def fileno(self) -> int:
        """Return the UART's descriptor, for waiting until the application says something or ends."""
        return self._uart.fileno()

    def send(self, data: bytes) -> None:
        """Give bytes to the application; what it does not take yet is kept, up to 1 MiB, and lost beyond."""
        if len(self._unsent) < 1 << 20:
            self._unsent += data
        self.flush()

    @property
    def waiting_bytes(self) -> int:
        """Bytes that the application has not taken yet."""
        return len(self._unsent)

    def flush(self) -> None:
        """Try again to hand over what the application has not taken."""
        try:
            while self._unsent:
                sent = self._uart.send(self._unsent)
                del self._unsent[:sent]
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass

    def read(self, max_bytes: int) -> bytes | None:
        """Return what the application sent, b"" when nothing is waiting, None once it has ended."""
        try:
            data = self._uart.recv(max_bytes)
        except BlockingIOError:
            return b""
        except ConnectionResetError:
            return None
        return data or None

    def exit_signal(self) -> int:
        """Wait for the ended process; return the signal that it died of, 0 when it left by itself."""
        status = self._wait()
        if os.WIFSIGNALED(status):
            return os.WTERMSIG(status)
        return 0 if os.WEXITSTATUS(status) == 0 else signal.SIGABRT

    def kill(self) -> None:
        """End the process at once, as a reset does; harmless when it has ended."""
        if self._exit_status is None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait()
        self._uart.close()

    def _wait(self) -> int:
        if self._exit_status is None:
            self._exit_status = os.waitpid(self._pid, 0)[1]
        return self._exit_status


def _run(application: Callable[[socket.socket], None], uart: socket.socket, parent: int) -> None:
    """Run the application in the child and leave without the parent's clean-up."""
    status = 1
    try:
        _die_with_parent(parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_APP_MEMORY_BYTES, _MAX_APP_MEMORY_BYTES))
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        # The link's sockets are not the application's: held open here, a closed connection would look alive.
        os.closerange(3, uart.fileno())
        os.closerange(uart.fileno() + 1, _MAX_DESCRIPTOR)
        application(uart)
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent ends: an application that hangs would not notice."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
