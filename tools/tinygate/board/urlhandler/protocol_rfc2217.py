"""An RFC 2217 client that does not renegotiate what has not changed and reads whole, for boards behind `rfc2217://`.

pyserial's client negotiates the whole port configuration, at least 50 ms, whenever any property is assigned, a read
timeout included, and a flashing tool assigns one around every command. Here only a changed one travels, and an answer
is seen when it comes, not at the next of pyserial's looks every 50 ms. pyserial puts each byte received into a queue of
its own; here they wait in one buffer, which is read whole. Register once:

    import serial
    serial.protocol_handler_packages.insert(0, "tinygate.board.urlhandler")
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import warnings
from typing import Any

from serial import PortNotOpenError, SerialException, rfc2217
from serial.serialutil import Timeout

from tinygate.board.urlhandler.telnet import TelnetStream

_POLL_S = 0.05
_JOIN_S = 7.0
_LET_GO_S = 0.5
_AGAIN_S = 0.02
_CHUNK_BYTES = 65536

_Serial: Any = rfc2217.Serial  # its type stubs leave out what is overridden here
_let_go_until: dict[str | None, float] = {}  # by URL


class Serial(_Serial):  # type: ignore[misc]
    """pyserial's RFC 2217 client with the configuration sent only when it differs from what the server has."""

    _socket: Any
    _thread: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._negotiated: tuple[object, ...] | None = None
        self._received = bytearray()
        self._is_cut_off = False
        self._arrived = threading.Condition()  # guards the two, and tells of bytes and of the end
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the port; a new connection knows nothing, so everything is negotiated.

        A server that lets one client in at a time may need a moment to notice that the last one of this process left.

        Raises:
            SerialException: nobody listens, or the server turned the connection away.
        """
        until = _let_go_until.pop(self.portstr, 0.0)
        while True:
            try:
                return self._open()
            except SerialException:
                if time.monotonic() > until:
                    raise
            time.sleep(_AGAIN_S)

    def _open(self) -> None:
        self._negotiated = None
        self._received.clear()
        self._is_cut_off = False
        try:
            with warnings.catch_warnings():  # pyserial 3.5 calls deprecated methods of its reader thread
                warnings.filterwarnings("ignore", r"set(Daemon|Name)\(\)", DeprecationWarning)
                super().open()
        except ConnectionError as error:
            raise SerialException(f"{self.port} turned the connection away, is it in use? ({error})") from error

    def close(self) -> None:
        """Close the port, also where the server was first to; `open` gives the server time, the parent does it here."""
        connection, reader = self._socket, self._thread
        self.is_open = False
        self._socket = self._thread = None
        super().close()
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            connection.close()
            _let_go_until[self.portstr] = time.monotonic() + _LET_GO_S
        if reader is not None:
            reader.join(_JOIN_S)

    @property
    def in_waiting(self) -> int:
        """Number of bytes received and not yet read."""
        if not self.is_open:
            raise PortNotOpenError()
        return len(self._received)

    def read(self, size: int = 1) -> bytes:
        """Return `size` bytes, or what has come when the timeout is over.

        Raises:
            SerialException: the connection is gone, and all that had come before is read.
        """
        if not self.is_open:
            raise PortNotOpenError()
        timeout = Timeout(self._timeout)
        with self._arrived:
            while len(self._received) < size and not self._is_cut_off and not timeout.expired():
                self._arrived.wait(timeout.time_left())
            if size and self._is_cut_off and not self._received:
                raise SerialException(f"{self.port}: the connection is gone")
            data = bytes(self._received[:size])
            del self._received[:size]
        return data

    def reset_input_buffer(self) -> None:
        """Drop what was received and not yet read, here and at the server."""
        if not self.is_open:
            raise PortNotOpenError()
        self.rfc2217_send_purge(rfc2217.PURGE_RECEIVE_BUFFER)
        with self._arrived:
            self._received.clear()

    def _telnet_read_loop(self) -> None:
        """Receive until the connection ends, in the thread that the parent starts."""
        stream = TelnetStream(self._telnet_negotiate_option, self._telnet_process_subnegotiation)
        try:
            while self.is_open and (received := self._receive()) != b"":
                if received:
                    data = stream.feed(received)
                    with self._arrived:  # told of answers to what was set, too
                        self._received += data
                        self._arrived.notify_all()
        finally:
            with self._arrived:
                self._is_cut_off = True
                self._arrived.notify_all()

    def _receive(self) -> bytes | None:
        """Return bytes, none at the end of the connection, None when there were none for a while."""
        try:
            return bytes(self._socket.recv(_CHUNK_BYTES))
        except TimeoutError:
            return None
        except (OSError, AttributeError):  # AttributeError: closed meanwhile by the thread that reads
            return b""

    def _reconfigure_port(self) -> None:
        # The write timeout is in, though it is never sent: the parent refuses one, and must go on refusing.
        wanted = (
            self._baudrate,
            self._bytesize,
            self._parity,
            self._stopbits,
            self._rtscts,
            self._xonxoff,
            self._write_timeout,
        )
        if wanted == self._negotiated:
            return
        self._negotiated = None
        if self._write_timeout is not None or (self._rtscts and self._xonxoff) or not 0 < self._baudrate < 2**32:
            super()._reconfigure_port()  # which says what is wrong
        self._negotiate_settings()
        flow = "HW" if self._rtscts else "SW" if self._xonxoff else "NO"
        self.rfc2217_set_control(getattr(rfc2217, f"SET_CONTROL_USE_{flow}_FLOW_CONTROL"))
        self._negotiated = wanted

    def _negotiate_settings(self) -> None:
        values = {
            "baudrate": struct.pack("!I", self._baudrate),
            "datasize": struct.pack("!B", self._bytesize),
            "parity": struct.pack("!B", rfc2217.RFC2217_PARITY_MAP[self._parity]),
            "stopsize": struct.pack("!B", rfc2217.RFC2217_STOPBIT_MAP[self._stopbits]),
        }
        for name, value in values.items():
            self._rfc2217_port_settings[name].set(value)
        for name in values:
            self._await(name)

    def rfc2217_set_control(self, value: bytes) -> None:
        """Change a control line; return when the server has done it."""
        if self._ignore_set_control_answer:
            super().rfc2217_set_control(value)
        else:
            self._demand("control", value)

    def rfc2217_send_purge(self, value: bytes) -> None:
        """Drop what waits in a buffer of the server; return when the server has done it."""
        self._demand("purge", value)

    def _demand(self, option: str, value: bytes) -> None:
        self._rfc2217_options[option].set(value)
        self._await(option)

    def _await(self, option: str) -> None:
        """Wait until the server has done what was set."""
        item = self._rfc2217_options[option]
        deadline = time.monotonic() + self._network_timeout
        with self._arrived:
            while not item.is_ready():
                if self._is_cut_off:
                    raise SerialException(f"{self.port}: the connection is gone")
                if time.monotonic() > deadline:
                    raise SerialException(f"{self.port} did not answer to {option} within {self._network_timeout} s")
                self._arrived.wait(_POLL_S)
