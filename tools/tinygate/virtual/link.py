"""The serial line: an RFC 2217 server on loopback with a device behind it, at the speed of a real line if wanted.

`Pacer`, `Wire` and `Device` know no sockets and no clock; `LinkServer` is the only part with I/O. To put any device of
one's own behind a simulated line (a benchmark does):

    with LinkServer(device, baud=115200) as server:
        print(server.url)      # rfc2217://127.0.0.1:PORT
        server.run()           # until server.stop(), from any thread

The server binds 127.0.0.1 only: RFC 2217 has no authentication.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable
from typing import Protocol

from tinygate.virtual.remote_port import MalformedError, RemotePort, escaped
from tinygate.virtual.wire import Pacer, Wire

_MAX_BACKLOG_BYTES = 1 << 16  # beyond this the socket is not read: the sender waits, as on a real port


class Device(Protocol):
    """What sits behind the line. Times are seconds of one monotonic clock."""

    def set_lines(self, dtr: bool, rts: bool, now: float) -> None:
        """Take the control lines' levels (asserted = True)."""

    def set_baud(self, baud: int) -> None:
        """Learn the rate that the client set."""

    def receive(self, data: bytes, now: float) -> None:
        """Take bytes from the line."""

    def advance(self, now: float, room: int) -> bytes:
        """Do what is due; return the bytes to send, about `room` at most. Called after every event."""

    def deadline(self) -> float | None:
        """Return when to call `advance` at the latest; None when nothing is pending."""

    def descriptors(self) -> list[int]:
        """Return file descriptors that `advance` wants to be called for when they are readable."""

    def baud(self) -> int | None:
        """Return the rate of the device's end, once what it has sent by now has left; None for that of the client."""


class LinkServer:
    """Serves one device to one RFC 2217 client at a time; a second client is turned away, as by a port in use."""

    def __init__(
        self,
        device: Device,
        baud: int | None = None,
        follow_client: bool = False,
        port: int = 0,
        wire: Wire | None = None,
    ) -> None:
        """Bind and listen.

        Args:
            device: what is behind the line.
            baud: rate of the simulated line; None for one without a limit.
            follow_client: take the rate that the client sets, instead of `baud`.
            port: TCP port; 0 for a free one.
            wire: what it does to bytes; a sound one by default.
        """
        self._device = device
        self._follow_client = follow_client
        self._wire = wire or Wire()
        self._to_device, self._to_client = Pacer(baud), Pacer(baud)
        self._port = RemotePort(self)
        self._client: socket.socket | None = None
        self._unsent = bytearray()
        self._stopped = False
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=4)
        self._listener.setblocking(False)
        self._watched: dict[int, Callable[[], None]] = {}

    @property
    def url(self) -> str:
        """The address for pyserial's serial_for_url, esptool's --port and pytest-embedded's --port."""
        return f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> LinkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """False once `stop` was called."""
        return not self._stopped

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Call `callback` in `run` whenever `descriptor` is readable."""
        self._watched[descriptor] = callback

    def run(self) -> None:
        """Serve until `stop`."""
        while not self._stopped:
            self.step()

    def stop(self) -> None:
        """End `run`; safe from another thread or a signal handler."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self._wake_sender.send(b"x")

    def close(self) -> None:
        """Close client and listener."""
        self._drop_client()
        for end in (self._listener, self._wake_receiver, self._wake_sender):
            end.close()

    def step(self, max_wait_s: float = 1.0) -> None:
        """Wait for one round of events and handle them."""
        self._pump(time.monotonic())
        readable = self._wait(max_wait_s)
        if self._wake_receiver in readable:
            self._wake_receiver.recv(64)
        for descriptor, callback in self._watched.items():
            if descriptor in readable:
                callback()
        if self._client is not None and self._client in readable:
            self._read_client()
        if self._listener in readable:
            self._accept()

    def _wait(self, max_wait_s: float) -> list[int | socket.socket]:
        reading: list[int | socket.socket] = [self._wake_receiver, self._listener, *self._watched]
        if self._room() > 0:
            reading += self._device.descriptors()
        if self._client is not None and len(self._to_device) < _MAX_BACKLOG_BYTES:
            reading.append(self._client)
        writing = [self._client] if self._client is not None and self._unsent else []
        pending = (self._to_device.deadline(), self._to_client.deadline(), self._device.deadline())
        wait_s = min((at - time.monotonic() for at in pending if at is not None), default=max_wait_s)
        return select.select(reading, writing, [], max(0.0, min(wait_s, max_wait_s)))[0]

    def _pump(self, now: float) -> None:
        """Move bytes along the line: to the device, out of it, to the client."""
        self._deliver(now)
        device_baud = self._device.baud()  # before: what was sent at another rate is in the output then
        output = self._device.advance(now, self._room())
        if self._client is None:
            self._to_client.clear()  # nobody listens: the line's bytes are lost, as on a real one
            return
        self._to_client.push(output, now)
        self._unsent += self._port.answers() + escaped(self._wire.carry(self._to_client.pull(now)))
        if not self._to_client:
            self._wire.device_baud = device_baud
        self._send()

    def _room(self) -> int:
        """Return how many bytes the line to the client takes before the device has to wait."""
        return max(0, _MAX_BACKLOG_BYTES - len(self._to_client) - len(self._unsent))

    def _deliver(self, now: float) -> None:
        data = self._to_device.pull(now)
        if data:
            self._device.receive(self._wire.carry(data), now)

    def _send(self) -> None:
        if self._client is None or not self._unsent:
            return
        try:
            sent = self._client.send(self._unsent)
            del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._drop_client()

    def _read_client(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(1 << 15)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop_client()
            return
        now = time.monotonic()
        try:
            for piece in self._port.receive(data):
                self._to_device.push(piece, now)
        except MalformedError:
            self._drop_client()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        if self._client is not None:
            connection.close()
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = connection
        self._port.connect()

    def _drop_client(self) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)
            self._client.close()
        self._client = None
        self._unsent.clear()

    # RemotePort's PortEvents

    def lines_changed(self, dtr: bool, rts: bool) -> None:
        """Tell the device, after it got what was sent before the change."""
        now = time.monotonic()
        self._deliver(now)
        self._device.set_lines(dtr, rts, now)

    def baud_changed(self, baud: int) -> None:
        """Tell the device, and take over the rate if the line follows the client."""
        self._wire.client_baud = baud
        if self._follow_client:
            self._to_device.baud = self._to_client.baud = baud
        self._device.set_baud(baud)

    def purge_input(self) -> None:
        """Drop what is on its way to the client."""
        self._to_client.clear()

    def purge_output(self) -> None:
        """Drop what is on its way to the device."""
        self._to_device.clear()
