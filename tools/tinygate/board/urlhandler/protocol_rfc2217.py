"""An RFC 2217 client that does not renegotiate what has not changed, for boards behind `rfc2217://`.

pyserial's client negotiates the whole port configuration, at least 50 ms, whenever any property is assigned, a read
timeout included, and a flashing tool assigns one around every command. Here only a changed one travels, and an answer
is seen when it comes, not at the next of pyserial's looks every 50 ms. Register once:

    import serial
    serial.protocol_handler_packages.insert(0, "tinygate.board.urlhandler")
"""

from __future__ import annotations

import time
import warnings
from typing import Any

from serial import SerialException, rfc2217

_POLL_S = 0.002

_Serial: Any = rfc2217.Serial  # its type stubs leave out what is overridden here


class Serial(_Serial):  # type: ignore[misc]
    """pyserial's RFC 2217 client with the configuration sent only when it differs from what the server has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._negotiated: tuple[object, ...] | None = None
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the port; a new connection knows nothing, so everything is negotiated.

        Raises:
            SerialException: nobody listens, or the server turned the connection away.
        """
        self._negotiated = None
        try:
            with warnings.catch_warnings():  # pyserial 3.5 calls deprecated methods of its reader thread
                warnings.filterwarnings("ignore", r"set(Daemon|Name)\(\)", DeprecationWarning)
                super().open()
        except ConnectionError as error:
            raise SerialException(f"{self.port} turned the connection away, is it in use? ({error})") from error

    def close(self) -> None:
        """Close the port; the parent leaves the socket open when the server was first to close."""
        connection = self._socket
        super().close()
        if connection is not None:
            connection.close()

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
        super()._reconfigure_port()
        self._negotiated = wanted

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
        item = self._rfc2217_options[option]
        item.set(value)
        deadline = time.monotonic() + self._network_timeout
        while not item.is_ready():
            if time.monotonic() > deadline:
                raise SerialException(f"{self.port} did not answer to {option} within {self._network_timeout} s")
            time.sleep(_POLL_S)
