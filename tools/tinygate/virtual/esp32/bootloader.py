"""The serial loader: ESP32's ROM loader and, once one was uploaded, the flasher stub. Sans-IO: bytes in, bytes out.

Written from Espressif's published "Serial Protocol" page. The stub's code is not run: a program that is loaded to RAM
and started is taken for the flasher stub, and the loader goes on as the stub would: two status bytes instead of four,
binary MD5, erase and fast read commands.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import deque
from collections.abc import Callable
from operator import xor

from tinygate.virtual.esp32 import slip
from tinygate.virtual.esp32.flash import Flash
from tinygate.virtual.esp32.registers import Registers

_SYNC_PATTERN = b"\x07\x07\x12\x20" + b"\x55" * 32
_SYNC_REPLIES = 8
_ROM_SYNC_VALUE = 0x20120707  # the ROM leaves the pattern here, a stub leaves 0: how a host tells one from the other
_STUB_GREETING = b"OHAI"
_INVALID_MESSAGE, _FAILED, _BAD_CHECKSUM, _INFLATE_FAILED = 0x05, 0x06, 0x07, 0x0B


class _CommandError(Exception):
    """A request that the loader answers with an error code."""

    def __init__(self, code: int) -> None:
        self.code = code


class Loader:
    """The loader's state between one reset and the next.

    Attributes:
        leave: set when the host asked to leave the loader and run the application.
    """

    def __init__(self, flash: Flash, registers: Registers) -> None:
        self.leave = False
        self._flash = flash
        self._registers = registers
        self._stub = False
        self._frames = slip.SlipDecoder()
        self._output: deque[bytes] = deque()
        self._write_address = 0
        self._block_bytes = 0
        self._inflater: zlib._Decompress | None = None
        self._upload: _Upload | None = None
        self._commands: dict[int, Callable[[bytes], tuple[int, bytes]]] = {
            0x02: self._flash_begin,
            0x03: self._flash_data,
            0x04: self._end,
            0x05: self._accept,  # MEM_BEGIN: what is loaded to RAM is not kept
            0x06: self._mem_end,
            0x07: self._mem_data,
            0x08: self._sync,
            0x09: self._write_register,
            0x0A: self._read_register,
            0x0B: self._accept,  # SPI_SET_PARAMS
            0x0D: self._accept,  # SPI_ATTACH
            0x0E: self._read_flash_slow,
            0x0F: self._accept,  # CHANGE_BAUDRATE: the link carries every rate
            0x10: self._deflate_begin,
            0x11: self._deflate_data,
            0x12: self._end,
            0x13: self._flash_md5,
        }
        self._stub_commands: dict[int, Callable[[bytes], tuple[int, bytes]]] = {
            0xD0: self._erase_all,
            0xD1: self._erase_region,
            0xD2: self._read_flash,
            0xD3: self._run_user_code,
        }

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the host; return what the loader sends."""
        for frame in self._frames.feed(data):
            if self._upload is not None:
                self._acknowledge(frame)
            else:
                self._handle(frame)
        output = b"".join(slip.encode(payload) for payload in self._output)
        self._output.clear()
        return output

    def _handle(self, frame: bytes) -> None:
        if len(frame) < 8 or frame[0] != 0:
            return
        opcode, size, checksum = struct.unpack_from("<BHI", frame, 1)
        body = frame[8:]
        try:
            if len(body) != size:
                raise _CommandError(_INVALID_MESSAGE)
            if opcode in (0x03, 0x07, 0x11) and _checksum(body[16:]) != checksum & 0xFF:
                raise _CommandError(_BAD_CHECKSUM)
            command = self._commands.get(opcode) or (self._stub_commands.get(opcode) if self._stub else None)
            if command is None:
                raise _CommandError(_INVALID_MESSAGE)
            value, data = command(body)
            self._reply(opcode, value, data, b"\0\0")
        except (_CommandError, struct.error) as error:
            code = error.code if isinstance(error, _CommandError) else _INVALID_MESSAGE
            self._reply(opcode, 0, b"", bytes([1, code]))
            return
        self._after_reply(opcode, body)

    def _reply(self, opcode: int, value: int, data: bytes, status: bytes) -> None:
        tail = data + (status if self._stub else status + b"\0\0")
        self._output.append(struct.pack("<BBHI", 1, opcode, len(tail), value) + tail)

    def _after_reply(self, opcode: int, body: bytes) -> None:
        if opcode == 0x08:
            self._output.extend([self._output[-1]] * (_SYNC_REPLIES - 1))
        elif opcode == 0x06 and struct.unpack_from("<I", body)[0] == 0:
            self._stub = True
            self._output.append(_STUB_GREETING)
        elif self._upload is not None:
            self._output.extend(self._upload.start())

    def _acknowledge(self, frame: bytes) -> None:
        upload = self._upload
        if upload is None or len(frame) != 4:
            return
        self._output.extend(upload.acknowledge(int.from_bytes(frame, "little")))
        if upload.done:
            self._upload = None

    # Commands return (value, data) of the reply.

    def _accept(self, body: bytes) -> tuple[int, bytes]:
        return 0, b""

    def _sync(self, body: bytes) -> tuple[int, bytes]:
        if body != _SYNC_PATTERN:
            raise _CommandError(_INVALID_MESSAGE)
        return 0 if self._stub else _ROM_SYNC_VALUE, b""

    def _read_register(self, body: bytes) -> tuple[int, bytes]:
        (address,) = struct.unpack("<I", body)
        return self._registers.read(address), b""

    def _write_register(self, body: bytes) -> tuple[int, bytes]:
        # A host may write several registers in one request; each takes 16 bytes: address, value, mask, delay.
        for address, value, mask, _delay_us in struct.iter_unpack("<4I", body):
            self._registers.write(address, value, mask)
        return 0, b""

    def _mem_data(self, body: bytes) -> tuple[int, bytes]:
        _payload(body)
        return 0, b""

    def _mem_end(self, body: bytes) -> tuple[int, bytes]:
        struct.unpack("<II", body)
        return 0, b""

    def _flash_begin(self, body: bytes) -> tuple[int, bytes]:
        erase_bytes, _packets, self._block_bytes, address = struct.unpack_from("<4I", body)
        self._begin(address, erase_bytes)
        self._inflater = None
        return 0, b""

    def _deflate_begin(self, body: bytes) -> tuple[int, bytes]:
        erase_bytes, _packets, _block_bytes, address = struct.unpack_from("<4I", body)
        self._begin(address, erase_bytes)
        self._inflater = zlib.decompressobj()
        return 0, b""

    def _begin(self, address: int, erase_bytes: int) -> None:
        if address + erase_bytes > self._flash.size_bytes:
            raise _CommandError(_FAILED)
        self._flash.erase(address, erase_bytes) if erase_bytes else None
        self._write_address = address

    def _flash_data(self, body: bytes) -> tuple[int, bytes]:
        sequence, data = _payload(body)
        self._flash.program(self._write_address + sequence * self._block_bytes, data)
        return 0, b""

    def _deflate_data(self, body: bytes) -> tuple[int, bytes]:
        if self._inflater is None:
            raise _CommandError(_FAILED)
        try:
            data = self._inflater.decompress(_payload(body)[1])
        except zlib.error:
            raise _CommandError(_INFLATE_FAILED) from None
        self._flash.program(self._write_address, data)
        self._write_address += len(data)
        return 0, b""

    def _end(self, body: bytes) -> tuple[int, bytes]:
        (stay,) = struct.unpack_from("<I", body)
        self.leave = not stay
        return 0, b""

    def _flash_md5(self, body: bytes) -> tuple[int, bytes]:
        address, length = struct.unpack_from("<II", body)
        digest = hashlib.md5(self._flash.read(address, self._bounded(length)))
        return 0, digest.digest() if self._stub else digest.hexdigest().encode()

    def _read_flash_slow(self, body: bytes) -> tuple[int, bytes]:
        address, length = struct.unpack_from("<II", body)
        return 0, self._flash.read(address, min(length, 64)).ljust(64, b"\xff")

    def _erase_all(self, body: bytes) -> tuple[int, bytes]:
        self._flash.erase(0, self._flash.size_bytes)
        return 0, b""

    def _erase_region(self, body: bytes) -> tuple[int, bytes]:
        address, length = struct.unpack("<II", body)
        self._flash.erase(address, self._bounded(length))
        return 0, b""

    def _read_flash(self, body: bytes) -> tuple[int, bytes]:
        address, length, block_bytes, in_flight = struct.unpack("<4I", body)
        self._upload = _Upload(self._flash.read(address, self._bounded(length)), block_bytes, in_flight)
        return 0, b""

    def _run_user_code(self, body: bytes) -> tuple[int, bytes]:
        self.leave = True
        return 0, b""

    def _bounded(self, length: int) -> int:
        if length > self._flash.size_bytes:
            raise _CommandError(_FAILED)
        return length


class _Upload:
    """READ_FLASH of the stub: blocks with a window, each acknowledged by the count of bytes received, then the MD5."""

    def __init__(self, content: bytes, block_bytes: int, in_flight: int) -> None:
        self.done = False
        self._content = content
        self._block_bytes = max(1, min(block_bytes, 0x4000))
        self._window_bytes = max(1, in_flight) * self._block_bytes
        self._sent = 0
        self._acknowledged = 0

    def start(self) -> list[bytes]:
        return self.acknowledge(0)

    def acknowledge(self, received_bytes: int) -> list[bytes]:
        self._acknowledged = max(self._acknowledged, received_bytes)
        blocks = []
        while self._sent < len(self._content) and self._sent - self._acknowledged < self._window_bytes:
            blocks.append(self._content[self._sent : self._sent + self._block_bytes])
            self._sent += len(blocks[-1])
        if self._acknowledged >= len(self._content):
            self.done = True
            blocks.append(hashlib.md5(self._content).digest())
        return blocks


def _checksum(data: bytes) -> int:
    # XOR of all bytes, folded through an integer: a loop over 16 KiB per block would cost milliseconds.
    width = len(data)
    folded = int.from_bytes(data, "little")
    while width > 1:
        half = width // 2 + width % 2
        folded = xor(folded & (1 << 8 * half) - 1, folded >> 8 * half)
        width = half
    return folded ^ 0xEF


def _payload(body: bytes) -> tuple[int, bytes]:
    """Return the sequence number and the data of a data command's body."""
    size, sequence = struct.unpack_from("<II", body)
    data = body[16:]
    if len(data) != size:
        raise _CommandError(_INVALID_MESSAGE)
    return sequence, data
