"""The board's own parser on images that the firmware part writes, whole and damaged."""

from __future__ import annotations

import hashlib
import random

import pytest

from tinygate.targets.esp32.image import make_app_image
from tinygate.virtual.esp32.flash import Flash
from tinygate.virtual.esp32.image import APP_ADDRESS, Application, ImageRejectedError, read_application

MODEL = random.Random(1).randbytes(3001)
APP = make_app_image(MODEL, "ptq_int8", "1.2.3")


def read(image: bytes) -> Application:
    flash = Flash(256 * 1024)
    flash.program(APP_ADDRESS, image)
    return read_application(flash)


def rehashed(image: bytes) -> bytes:
    return image[:-32] + hashlib.sha256(image[:-32]).digest()


def test_what_was_written_is_read() -> None:
    app = read(APP.image)
    assert (app.model, app.variant, app.version, app.project) == (MODEL, "ptq_int8", "1.2.3", "tinygate")
    assert (app.elf_sha256, app.model_sha256) == (APP.elf_sha256, APP.model_sha256)


@pytest.mark.parametrize("position", range(0, len(APP.image), 41))
def test_no_flipped_bit_boots(position: int) -> None:
    damaged = bytearray(APP.image)
    damaged[position] ^= 0x10
    with pytest.raises(ImageRejectedError):
        read(bytes(damaged))


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [(0, 0, "magic"), (1, 0, "segment count"), (12, 9, "chip ID"), (31, 0x7F, "segment length"), (32, 0, "Checksum")],
)
def test_the_rejection_says_what_is_wrong(position: int, value: int, message: str) -> None:
    damaged = bytearray(APP.image)
    damaged[position] = value
    with pytest.raises(ImageRejectedError, match=message):
        read(rehashed(bytes(damaged)))


def test_half_an_image_does_not_boot() -> None:
    with pytest.raises(ImageRejectedError):
        read(APP.image[: len(APP.image) // 2])


def test_an_empty_flash_does_not_boot() -> None:
    with pytest.raises(ImageRejectedError, match="nothing flashed"):
        read(b"")
