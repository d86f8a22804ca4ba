"""Writes application images in ESP32's documented format, for boards that are emulated.

Layout of the file, from ESP-IDF's "App Image Format" page:

    header 24 bytes · [segment header 8 bytes · data] per segment · padding · checksum · SHA-256 of all before it

A virtual application has two segments. The first is mapped read-only data: the application descriptor, then the model
behind a header of our own (`MODEL_HEADER`). The second is four bytes of code, an endless loop: a real chip that is
given such an image by mistake spins until its watchdog resets it, and runs nothing else.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import reduce
from operator import xor

from tinygate.errors import InputError

APP_OFFSET = 0x10000
"""Flash address of the application: where ESP-IDF's default partition table has it."""

# magic, version, header size, model bytes, model sha256, variant, arena bytes (0: the board's own), bytes of
# preprocessing; then the model, and behind it, from the next multiple of 4, the preprocessing.
MODEL_HEADER = struct.Struct("<8sHHI32s32sII40x")
MODEL_MAGIC = b"TGMODEL\0"

_IMAGE_MAGIC = 0xE9
_CHECKSUM_SEED = 0xEF
_SPI_MODE_DIO = 2
_FLASH_4MB_40MHZ = 0x20
_WP_PIN_DISABLED = 0xEE
_CHIP_ID_ESP32 = 0
_MAX_REVISION = 399  # v3.99, what ESP-IDF writes for this chip
_HEADER = struct.Struct("<BBBBIB3sHBHH4sB")
_SEGMENT_HEADER = struct.Struct("<II")
_APP_DESCRIPTOR = struct.Struct("<II8s32s32s16s16s32s32sHHBB2s72s")
_APP_DESCRIPTOR_MAGIC = 0xABCD5432
_ELF_SHA256_OFFSET = 0x90

# The cache maps flash in 64 KiB pages, so a mapped segment's address and file offset agree in their low 16 bits.
_DROM_ADDRESS = 0x3F400000 + _HEADER.size + _SEGMENT_HEADER.size
_IRAM_ADDRESS = 0x40080000
_ENDLESS_LOOP = b"\x06\xff\xff\x00"  # Xtensa "j ." and a byte of padding
_MAX_MODEL_BYTES = 3 * 1024 * 1024  # what a 4 MB flash holds beside the system


@dataclass(frozen=True)
class AppSegment:
    """A run of bytes and the address at which the chip sees it."""

    address: int
    data: bytes


@dataclass(frozen=True)
class AppImage:
    """An application image and the ELF file that it stands for.

    Attributes:
        image: the file that is flashed at `APP_OFFSET`.
        elf: an ELF file with the same segments; its sha256 is in the image's descriptor.
        app_sha256: the hash appended to the image, hex.
        elf_sha256: sha256 of `elf`, hex.
        model_sha256: sha256 of the model inside, hex.
    """

    image: bytes
    elf: bytes
    app_sha256: str
    elf_sha256: str
    model_sha256: str


def make_app_image(
    model: bytes, variant: str, version: str, arena_bytes: int | None = None, preprocessing: bytes = b""
) -> AppImage:
    """Return the application image that carries `model`; the same arguments give the same bytes.

    Args:
        model: a .tflite file's content; not checked here.
        variant: variant name, at most 31 bytes of ASCII.
        version: application version, at most 31 bytes of ASCII.
        arena_bytes: its tensor arena; None for what the board gives it.
        preprocessing: how raw windows become its input, as `tinygate.virtual.preprocessing` reads it; empty for none.

    Raises:
        InputError: the model does not fit the flash, a name is too long, or the arena is none.
    """
    if arena_bytes is not None and not 0 < arena_bytes < 2**32:
        raise InputError(f"an arena of {arena_bytes} bytes: expected 1 to {2**32 - 1}")
    if not 0 < len(model) <= _MAX_MODEL_BYTES:
        raise InputError(
            f"the model of variant {variant} has {len(model)} bytes; expected 1 to {_MAX_MODEL_BYTES}, what a 4 MB "
            "flash holds: use a smaller model"
        )
    model_sha256 = hashlib.sha256(model)
    container = MODEL_HEADER.pack(
        MODEL_MAGIC, 1, MODEL_HEADER.size, len(model), model_sha256.digest(), _text(variant, 32), arena_bytes or 0,
        len(preprocessing),
    )  # fmt: skip
    payload = _pad(_pad(container + model, 4) + preprocessing, 4)
    code = AppSegment(_IRAM_ADDRESS, _ENDLESS_LOOP)
    # As ESP-IDF does: the ELF is hashed with an empty hash field, and the image carries the hash.
    elf = _elf([AppSegment(_DROM_ADDRESS, _descriptor(version, bytes(32)) + payload), code])
    elf_sha256 = hashlib.sha256(elf)
    image = _image([AppSegment(_DROM_ADDRESS, _descriptor(version, elf_sha256.digest()) + payload), code])
    return AppImage(image, elf, image[-32:].hex(), elf_sha256.hexdigest(), model_sha256.hexdigest())


def _descriptor(version: str, elf_sha256: bytes) -> bytes:
    """Return the 256-byte application descriptor; time and date stay empty, as in a reproducible build of ESP-IDF."""
    return _APP_DESCRIPTOR.pack(
        _APP_DESCRIPTOR_MAGIC,
        0,
        b"",
        _text(version, 32),
        _text("tinygate", 32),
        b"",
        b"",
        _text("none (virtual board)", 32),
        elf_sha256,
        0,
        99,
        16,
        _SPI_MODE_DIO,
        b"",
        b"",
    )


def _image(segments: list[AppSegment]) -> bytes:
    header = _HEADER.pack(
        _IMAGE_MAGIC,
        len(segments),
        _SPI_MODE_DIO,
        _FLASH_4MB_40MHZ,
        _IRAM_ADDRESS,
        _WP_PIN_DISABLED,
        b"",
        _CHIP_ID_ESP32,
        0,
        0,
        _MAX_REVISION,
        b"",
        1,
    )
    body = b"".join(_SEGMENT_HEADER.pack(segment.address, len(segment.data)) + segment.data for segment in segments)
    checksum = reduce(xor, (byte for segment in segments for byte in segment.data), _CHECKSUM_SEED)
    unpadded = header + body
    # The checksum is the last byte of a block of 16.
    content = unpadded + bytes(15 - len(unpadded) % 16) + bytes([checksum])
    return content + hashlib.sha256(content).digest()


def _elf(segments: list[AppSegment]) -> bytes:
    """Return a 32-bit Xtensa ELF file with one PT_LOAD per segment and no sections."""
    header_bytes, program_header_bytes = 52, 32
    offset = header_bytes + program_header_bytes * len(segments)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        2,  # executable
        94,  # Xtensa
        1,
        _IRAM_ADDRESS,
        header_bytes,
        0,
        0,
        header_bytes,
        program_header_bytes,
        len(segments),
        0,
        0,
        0,
    )
    table, content = b"", b""
    for segment in segments:
        position, size = offset + len(content), len(segment.data)
        table += struct.pack("<8I", 1, position, segment.address, segment.address, size, size, 5, 4)
        content += segment.data
    return header + table + content


def _text(text: str, size: int) -> bytes:
    """Return `text` as bytes that leave room for a terminating NUL in a field of `size` bytes."""
    encoded = text.encode("ascii", "replace")
    if len(encoded) >= size:
        raise InputError(f"{text!r} has {len(encoded)} bytes; the field in the image holds {size - 1}: shorten it")
    return encoded


def _pad(data: bytes, alignment: int) -> bytes:
    return data + bytes(-len(data) % alignment)
