"""Reads an application image from flash and decides, as a second-stage bootloader does, whether it may run.

A parser of its own, on purpose: one shared with the writer under test would share its mistakes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from tinygate.virtual.esp32.flash import Flash

APP_ADDRESS = 0x10000
_HEADER_BYTES = 24
_MAX_SEGMENTS = 16
_DESCRIPTOR_BYTES = 256
_MODEL_HEADER_BYTES = 128


class ImageRejectedError(Exception):
    """The image cannot be booted; the message is what the bootloader prints."""


@dataclass(frozen=True)
class Segment:
    """A segment as the header tells: where it lies in flash, and the address at which the chip sees it."""

    flash_address: int
    address: int
    data: bytes

    @property
    def mapped(self) -> bool:
        """True for a segment that stays in flash and is mapped, false for one that is copied to RAM."""
        return 0x3F400000 <= self.address < 0x3F800000 or 0x400D0000 <= self.address < 0x40400000


@dataclass(frozen=True)
class Application:
    """What is in an image: who it says it is, and the model that it carries.

    Attributes:
        model_sha256: the hash beside the model; the loader compares it with the model's own.
        arena_bytes: tensor arena that the application was built with; 0 for the board's own.
        preprocessing: how raw windows become its input; empty if it does not say.
    """

    segments: tuple[Segment, ...]
    entry: int
    project: str
    version: str
    idf_version: str
    elf_sha256: str
    variant: str
    model: bytes
    model_sha256: str
    arena_bytes: int = 0
    preprocessing: bytes = b""


def read_application(flash: Flash, address: int = APP_ADDRESS) -> Application:
    """Return the application whose image starts at `address`.

    Raises:
        ImageRejectedError: no image, a damaged one, one for another chip, or one without a model.
    """
    header = flash.read(address, _HEADER_BYTES)
    if header[0] != 0xE9:
        raise ImageRejectedError(f"image at {address:#x} has invalid magic byte (nothing flashed here?)")
    chip_id = _word(header, 12, 2)
    if chip_id != 0:
        raise ImageRejectedError(f"mismatch chip ID, expected 0, found {chip_id}")
    if not 1 <= header[1] <= _MAX_SEGMENTS:
        raise ImageRejectedError(f"image at {address:#x} segment count {header[1]} exceeds max {_MAX_SEGMENTS}")
    segments, end = _read_segments(flash, address, header[1])
    _verify(flash, address, end, segments, hash_appended=header[23] == 1)
    return _describe(tuple(segments), _word(header, 4))


def _read_segments(flash: Flash, address: int, count: int) -> tuple[list[Segment], int]:
    position, segments = address + _HEADER_BYTES, []
    for _ in range(count):
        head = flash.read(position, 8)
        load_address, length = _word(head, 0), _word(head, 4)
        if position + 8 + length > flash.size_bytes or length % 4:
            raise ImageRejectedError(f"invalid segment length {length:#x}")
        segments.append(Segment(position + 8, load_address, flash.read(position + 8, length)))
        position += 8 + length
    return segments, position


def _verify(flash: Flash, address: int, end: int, segments: list[Segment], hash_appended: bool) -> None:
    checksum = 0xEF
    for segment in segments:
        for byte in segment.data:
            checksum ^= byte
    last = (end - address) // 16 * 16 + 15
    stored = flash.read(address + last, 1)[0]
    if checksum != stored:
        raise ImageRejectedError(f"Checksum failed. Calculated {checksum:#x} read {stored:#x}")
    if not hash_appended:
        return
    content = flash.read(address, last + 1)
    if hashlib.sha256(content).digest() != flash.read(address + last + 1, 32):
        raise ImageRejectedError("Image hash failed - image is corrupt")


def _describe(segments: tuple[Segment, ...], entry: int) -> Application:
    data = segments[0].data
    if _word(data, 0) != 0xABCD5432:
        raise ImageRejectedError("no application descriptor in the first segment")
    container = data[_DESCRIPTOR_BYTES:]
    if container[:8] != b"TGMODEL\0" or len(container) < _MODEL_HEADER_BYTES:
        raise ImageRejectedError("no model behind the application descriptor: not an application for a virtual board")
    start, length = _word(container, 10, 2), _word(container, 12)
    if start + length > len(container):
        raise ImageRejectedError(f"model of {length} bytes is longer than its segment")
    behind = start + length + -(start + length) % 4
    return Application(
        segments=segments,
        entry=entry,
        project=_text(data, 48, 32),
        version=_text(data, 16, 32),
        idf_version=_text(data, 112, 32),
        elf_sha256=data[144:176].hex(),
        variant=_text(container, 48, 32),
        model=container[start : start + length],
        model_sha256=container[16:48].hex(),
        arena_bytes=_word(container, 80),
        preprocessing=container[behind : behind + _word(container, 84)],
    )


def _word(data: bytes, offset: int, size: int = 4) -> int:
    return int.from_bytes(data[offset : offset + size], "little")


def _text(data: bytes, offset: int, size: int) -> str:
    return data[offset : offset + size].split(b"\0")[0].decode("ascii", "replace")
