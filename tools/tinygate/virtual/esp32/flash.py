"""SPI NOR flash: erased to ones by sector, programmed by clearing bits, optionally kept in a file."""

from __future__ import annotations

import mmap
from pathlib import Path

SECTOR_BYTES = 0x1000


class Flash:
    """A NOR flash chip of `size_bytes`; addresses beyond its end wrap, as the address lines of a real one do."""

    def __init__(self, size_bytes: int = 4 * 1024 * 1024, file: Path | None = None) -> None:
        """Make an erased flash, or one with the content of `file`, which `save` writes back."""
        self.size_bytes = size_bytes
        self._file = file
        content = file.read_bytes()[:size_bytes] if file is not None and file.is_file() else b""
        self._content = mmap.mmap(-1, size_bytes)  # a processor's process writes it too
        self._content[:] = content.ljust(size_bytes, b"\xff")

    @property
    def jedec_id(self) -> int:
        """What RDID answers, lowest byte first: GigaDevice, 25Q series, log2 of the size in bytes."""
        return 0xC8 | 0x40 << 8 | (self.size_bytes.bit_length() - 1) << 16

    def read(self, address: int, length: int) -> bytes:
        """Return `length` bytes from `address`."""
        start = address % self.size_bytes
        piece = bytes(self._content[start : start + length])
        return piece if len(piece) == length else piece + self.read(0, length - len(piece))

    def region(self, address: int, length: int) -> memoryview:
        """Return a region as memory that its owner writes as it likes."""
        return memoryview(self._content)[address : address + length]

    def erase(self, address: int, length: int) -> None:
        """Set every sector that `address` and `length` touch to ones."""
        start = address // SECTOR_BYTES * SECTOR_BYTES
        end = min(-(-(address + length) // SECTOR_BYTES) * SECTOR_BYTES, self.size_bytes)
        if start < end:
            self._content[start:end] = b"\xff" * (end - start)

    def program(self, address: int, data: bytes) -> None:
        """Clear the bits that are clear in `data`; what lies beyond the end is dropped."""
        old = self._content[address : address + len(data)]
        both = int.from_bytes(old, "little") & int.from_bytes(data[: len(old)], "little")
        self._content[address : address + len(old)] = both.to_bytes(len(old), "little")

    def save(self) -> None:
        """Write the content to the file, if the flash has one."""
        if self._file is not None:
            temporary = self._file.with_name(self._file.name + ".new")
            temporary.write_bytes(self._content)
            temporary.replace(self._file)
