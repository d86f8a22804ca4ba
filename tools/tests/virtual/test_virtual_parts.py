"""The parts of a virtual board that need no process: lines, SLIP, flash, loader, pacing."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest

from tinygate.virtual.esp32 import slip
from tinygate.virtual.esp32.bootloader import Loader
from tinygate.virtual.esp32.flash import Flash
from tinygate.virtual.esp32.registers import Registers
from tinygate.virtual.esp32.reset_lines import SETTLE_S, ResetLines, Strap
from tinygate.virtual.link import Pacer

KIB = 1024


def released(*changes: tuple[bool, bool]) -> list[Strap | None]:
    lines = ResetLines()
    return [lines.change(dtr, rts, now=0.0) for dtr, rts in changes]


def test_esptools_reset_sequence_ends_in_download_mode() -> None:
    # DTR and RTS one at a time, through "both asserted", as over RFC 2217.
    assert released((False, True), (True, True), (True, False)) == [None, None, Strap.DOWNLOAD]


def test_a_pulse_on_rts_alone_boots_from_flash() -> None:
    assert released((False, True), (False, False)) == [None, Strap.RUN]


def test_opening_a_port_with_both_lines_asserted_resets_nothing() -> None:
    assert released((True, False), (True, True)) == [None, None]


def test_lines_left_asserted_after_reset_boot_from_flash_in_the_end() -> None:
    lines = ResetLines()
    lines.change(False, True, 0.0)
    lines.change(True, True, 1.0)
    assert lines.settled(1.0 + SETTLE_S / 2) is None
    assert lines.settled(1.0 + SETTLE_S) is Strap.RUN


def test_dtr_may_fall_with_the_strap_decided_before() -> None:
    assert released((False, True), (True, True), (True, False), (False, False))[-1] is None


@pytest.mark.parametrize("payload", [b"a", b"\xc0\xdb\xdc\xdd", bytes(range(256))])
@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_slip_carries_every_byte_however_it_is_cut(payload: bytes, cut: int) -> None:
    decoder, stream = slip.SlipDecoder(), b"noise" + slip.encode(payload) * 2
    frames = [frame for i in range(0, len(stream), cut) for frame in decoder.feed(stream[i : i + cut])]
    assert frames == [payload, payload]


def test_a_broken_escape_is_dropped_and_the_next_frame_read() -> None:
    assert slip.SlipDecoder().feed(b"\xc0\xdb\x00\xc0" + slip.encode(b"ok")) == [b"ok"]


def test_flash_clears_bits_until_it_is_erased() -> None:
    flash = Flash(64 * KIB)
    flash.program(0, b"\x0f")
    flash.program(0, b"\xf1")
    assert flash.read(0, 2) == b"\x01\xff"
    flash.erase(1, 1)
    assert flash.read(0, 1) == b"\xff"


class Host:
    """Sends commands to a loader and takes the replies apart."""

    def __init__(self) -> None:
        self.flash = Flash(256 * KIB)
        self.loader = Loader(self.flash, Registers(self.flash))

    def command(self, opcode: int, body: bytes = b"", checksum: int = 0) -> bytes:
        request = struct.pack("<BBHI", 0, opcode, len(body), checksum) + body
        return slip.SlipDecoder().feed(self.loader.receive(slip.encode(request)))[0]

    def data(self, opcode: int, data: bytes, sequence: int = 0, checksum: int | None = None) -> bytes:
        total = 0xEF
        for byte in data:
            total ^= byte
        body = struct.pack("<4I", len(data), sequence, 0, 0) + data
        return self.command(opcode, body, total if checksum is None else checksum)


def test_an_unknown_command_is_error_5() -> None:
    assert Host().command(0x14)[-4:] == bytes([1, 5, 0, 0])


def test_stub_commands_are_unknown_to_the_rom() -> None:
    assert Host().command(0xD0)[-4:] == bytes([1, 5, 0, 0])


@pytest.mark.parametrize("length", [1, 2, 3, 1000, 1024])
def test_blocks_with_the_right_checksum_are_written(length: int) -> None:
    host, data = Host(), bytes(i * 7 % 256 for i in range(length))
    host.command(0x02, struct.pack("<4I", 2048, 2, 1024, 0x1000))
    assert host.data(0x03, data, sequence=1)[-4:] == bytes(4)
    assert host.flash.read(0x1000 + 1024, length) == data


def test_a_block_with_a_wrong_checksum_is_refused_and_not_written() -> None:
    host = Host()
    host.command(0x02, struct.pack("<4I", 1024, 1, 1024, 0))
    assert host.data(0x03, b"abcd", checksum=0)[-4:] == bytes([1, 7, 0, 0])
    assert host.flash.read(0, 4) == b"\xff" * 4


def test_compressed_blocks_are_inflated_as_one_stream() -> None:
    host, content = Host(), bytes(range(256)) * 40
    stream = zlib.compress(content)
    host.command(0x10, struct.pack("<4I", len(content), 2, 1024, 0))
    for sequence, piece in enumerate((stream[:50], stream[50:])):
        assert host.data(0x11, piece, sequence)[-4:] == bytes(4)
    md5 = host.command(0x13, struct.pack("<4I", 0, len(content), 0, 0))[8:40]
    assert md5.decode() == hashlib.md5(content).hexdigest()


def test_what_does_not_inflate_is_refused() -> None:
    host = Host()
    host.command(0x10, struct.pack("<4I", 100, 1, 1024, 0))
    assert host.data(0x11, b"not zlib")[-4:] == bytes([1, 0x0B, 0, 0])


def test_writing_beyond_the_flash_is_refused() -> None:
    assert Host().command(0x02, struct.pack("<4I", 1024, 1, 1024, 256 * KIB))[-4:-2] == b"\1\6"


@pytest.mark.parametrize("size", [0, 3, 7, 100])
def test_no_body_of_any_length_breaks_the_loader(size: int) -> None:
    host = Host()
    for opcode in range(256):
        host.command(opcode, b"\xa5" * size, 0)
    assert host.command(0x0A, struct.pack("<I", 0x40001000))[4:8] == struct.pack("<I", 0x00F01D83)


def test_a_paced_line_takes_ten_bits_a_byte() -> None:
    line = Pacer(baud=1000)
    line.push(b"x" * 100, now=5.0)
    assert [len(line.pull(5.0 + t)) for t in (0.0, 0.005, 0.5, 1.0)] == [0, 0, 50, 50]


def test_an_idle_line_saves_no_time_up() -> None:
    line = Pacer(baud=1000)
    line.push(b"x", now=0.0)
    line.pull(100.0)
    line.push(b"x" * 10, now=200.0)
    assert len(line.pull(200.05)) == 5


def test_a_line_without_limit_delivers_at_once() -> None:
    line = Pacer(baud=None)
    line.push(b"abc", now=1.0)
    assert line.pull(1.0) == b"abc"
    assert line.deadline() is None
