"""An RFC 2217 client that does not renegotiate what has not changed, for boards behind `rfc2217://`.

pyserial's client negotiates the whole port configuration, at least 50 ms, whenever any property is assigned, a read
timeout included, and a flashing tool assigns one around every command. Here only a changed one travels. Register once:

    import serial
    serial.protocol_handler_packages.insert(0, "tinygate.board.urlhandler")
"""

from __future__ import annotations

from typing import Any

from serial import rfc2217

_Serial: Any = rfc2217.Serial  # its type stubs leave out what is overridden here


class Serial(_Serial):  # type: ignore[misc]
    """pyserial's RFC 2217 client with the configuration sent only when it differs from what the server has."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._negotiated: tuple[object, ...] | None = None
        super().__init__(*args, **kwargs)

    def open(self) -> None:
        """Open the port; a new connection knows nothing, so everything is negotiated."""
        self._negotiated = None
        super().open()

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
