"""The RFC 2217 client of `tinygate.board.urlhandler` against a line whose far end notes what arrives."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import serial

from tinygate.board.urlhandler.protocol_rfc2217 import Serial
from tinygate.virtual.link import LinkServer


class NotingDevice:
    """Sends back what it gets; `notes` are the lines and rates that it was told, in order."""

    def __init__(self) -> None:
        self.notes: list[object] = []
        self._echo = b""

    def set_lines(self, dtr: bool, rts: bool, now: float) -> None:
        self.notes.append((dtr, rts))

    def set_baud(self, baud: int) -> None:
        self.notes.append(baud)

    def receive(self, data: bytes, now: float) -> None:
        self._echo += data

    def advance(self, now: float, room: int) -> bytes:
        data, self._echo = self._echo, b""
        return data

    def deadline(self) -> None:
        return None

    def baud(self) -> int | None:
        return None

    def descriptors(self) -> list[int]:
        return []


@pytest.fixture(scope="module")
def device() -> NotingDevice:
    return NotingDevice()


@pytest.fixture(scope="module")
def server(device: NotingDevice) -> Iterator[LinkServer]:
    with LinkServer(device) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        yield server
        server.stop()
        thread.join()


@pytest.fixture(scope="module")
def port(server: LinkServer) -> Iterator[Serial]:
    with Serial(server.url, 115200, timeout=2) as port:
        yield port


def test_every_byte_passes_both_ways(port: Serial) -> None:
    port.write(bytes(range(256)) * 4)
    assert port.read(1024) == bytes(range(256)) * 4


def test_a_new_read_timeout_is_not_negotiated(port: Serial, device: NotingDevice) -> None:
    before = list(device.notes)
    port.timeout = 0.5
    port.timeout = 3
    assert device.notes == before


def test_a_new_rate_is_negotiated_at_once(port: Serial, device: NotingDevice) -> None:
    port.baudrate = 921600
    assert device.notes[-1] == 921600


def test_control_lines_have_changed_when_the_assignment_returns(port: Serial, device: NotingDevice) -> None:
    for dtr, rts in ((False, True), (True, False)):
        port.dtr, port.rts = dtr, rts
        assert device.notes[-1] == (dtr, rts)


def test_a_reopened_port_is_negotiated_anew(port: Serial, device: NotingDevice) -> None:
    port.close()
    device.notes.clear()
    port.open()
    assert port.baudrate in device.notes


def test_a_refused_setting_is_not_taken_for_negotiated(port: Serial, device: NotingDevice) -> None:
    with pytest.raises(NotImplementedError):
        port.write_timeout = 1
    device.notes.clear()
    port.write_timeout = None
    assert device.notes == [port.baudrate]


def test_a_port_in_use_is_a_serial_error(port: Serial, server: LinkServer) -> None:
    with pytest.raises(serial.SerialException):
        Serial(f"{server.url}?timeout=0.3")


def test_what_came_is_read_at_once_and_no_queue_holds_single_bytes(port: Serial) -> None:
    data = bytes(range(256)) * 40
    port.write(data)
    assert port.read(len(data)) == data
    assert port._read_buffer.qsize() == 0
    assert port.in_waiting == 0


def test_a_read_ends_when_its_timeout_is_over(port: Serial) -> None:
    port.timeout = 0.05
    assert port.read(10) == b""
    port.write(b"ab")
    assert port.read(10) == b"ab"
    port.timeout = 2


def test_a_port_is_closed_without_a_pause_and_can_be_opened_again_at_once(server: LinkServer, port: Serial) -> None:
    port.close()
    began = time.monotonic()
    for _ in range(5):
        with Serial(f"{server.url}?timeout=2", 115200, timeout=2) as again:
            again.write(b"x")
            assert again.read(1) == b"x"
    assert time.monotonic() - began < 1.0  # pyserial's own pauses 0.3 s at each
    port.open()
