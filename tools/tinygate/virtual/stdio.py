"""A device on standard input and output, instead of a serial port."""

from __future__ import annotations

import os
import select
import time

from tinygate.virtual.link import Device

_READ_BYTES = 1 << 15


class StdioServer:
    """Serves a device on descriptors 0 and 1 until input ends or `stop` is called."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._wake_receiver, self._wake_sender = os.pipe()
        self.running = True

    def stop(self) -> None:
        """End after the current step; safe in a signal handler."""
        self.running = False
        os.write(self._wake_sender, b"x")

    def step(self, max_wait_s: float = 1.0) -> None:
        """Wait for one round of events and handle them."""
        self._write(self._device.advance(time.monotonic(), _READ_BYTES))
        at = self._device.deadline()
        wait_s = max_wait_s if at is None else max(0.0, min(max_wait_s, at - time.monotonic()))
        readable = select.select([0, self._wake_receiver, *self._device.descriptors()], [], [], wait_s)[0]
        if 0 in readable:
            data = os.read(0, _READ_BYTES)
            if not data:
                self.running = False
            self._device.receive(data, time.monotonic())

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(1, data) :]
        except BrokenPipeError:
            self.running = False
