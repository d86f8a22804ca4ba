"""The server's end of RFC 2217 (serial port control over telnet), sans-IO: bytes of the connection in and out.

pyserial's PortManager speaks the protocol; here is the serial port that it controls.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, Protocol, cast

from serial.rfc2217 import PortManager

# What PortManager raises on negotiations that no RFC 2217 client sends.
_MALFORMED = (struct.error, KeyError, IndexError, TypeError, ValueError)


class MalformedError(Exception):
    """The client does not speak telnet."""


class PortEvents(Protocol):
    """Who wants to know what the client does to the port."""

    def lines_changed(self, dtr: bool, rts: bool) -> None:
        """DTR or RTS was set; True is asserted."""

    def baud_changed(self, baud: int) -> None:
        """The rate was set."""

    def purge_input(self) -> None:
        """Drop what is on its way to the client."""

    def purge_output(self) -> None:
        """Drop what is on its way to the device."""


class RemotePort:
    """A serial port whose settings and lines outlive a connection, and at most one telnet conversation about it."""

    # Settings and inputs that PortManager reads and writes, and that mean nothing on a simulated line.
    parity, bytesize, stopbits = "N", 8, 1
    xonxoff = rtscts = break_condition = False
    cts = dsr = cd = True
    ri = False

    def __init__(self, events: PortEvents) -> None:
        self._events = events
        self._dtr = self._rts = False
        self._baud = 115200
        self._telnet: PortManager | None = None
        self._answers = bytearray()

    def connect(self) -> None:
        """Begin a conversation with a new client."""
        self._answers.clear()
        self._telnet = PortManager(cast(Any, self), cast(Any, self))

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Yield the serial data in what the client sent; control requests take effect in between.

        Raises:
            MalformedError: what came is no telnet; the connection is of no more use.
        """
        telnet = self._telnet
        assert telnet is not None
        if telnet.mode == 0 and telnet.suboption is None and b"\xff" not in data.replace(b"\xff\xff", b""):
            yield data.replace(b"\xff\xff", b"\xff")
            return
        try:
            yield from telnet.filter(data)
        except _MALFORMED as error:
            raise MalformedError(str(error)) from error

    def answers(self) -> bytes:
        """Return telnet answers for the client, once."""
        data = bytes(self._answers)
        self._answers.clear()
        return data

    # What PortManager calls: as its connection, then as its serial port.

    def write(self, data: bytes) -> None:
        """Take an answer for the client."""
        self._answers += data

    def reset_input_buffer(self) -> None:
        """PURGE_DATA, receive buffer."""
        self._events.purge_input()

    def reset_output_buffer(self) -> None:
        """PURGE_DATA, transmit buffer."""
        self._events.purge_output()

    @property
    def baudrate(self) -> int:
        """The rate that the client set."""
        return self._baud

    @baudrate.setter
    def baudrate(self, baud: int) -> None:
        self._baud = baud
        self._events.baud_changed(baud)

    @property
    def dtr(self) -> bool:
        """Data Terminal Ready, asserted or not."""
        return self._dtr

    @dtr.setter
    def dtr(self, level: bool) -> None:
        self._dtr = level
        self._events.lines_changed(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        """Request To Send, asserted or not."""
        return self._rts

    @rts.setter
    def rts(self, level: bool) -> None:
        self._rts = level
        self._events.lines_changed(self._dtr, self._rts)


def escaped(data: bytes) -> bytes:
    """Return serial data as it travels in telnet."""
    return data.replace(b"\xff", b"\xff\xff")
