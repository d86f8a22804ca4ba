"""Writes the build folder of a virtual application, as pytest-embedded's `idf` service reads one of ESP-IDF.

    build_esp32_<variant>/
        tinygate.bin            the application image, flashed at 0x10000
        tinygate.elf            its ELF file; sha256(tinygate.elf) is in the image's descriptor
        flasher_args.json       what goes where, and esptool's options
        config/sdkconfig.json   names the target

There is no bootloader and no partition table: a virtual board has nothing to run before the application and looks for
it at ESP-IDF's default address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as distribution_version
from pathlib import Path

from tinygate.store import atomic
from tinygate.targets.esp32.image import APP_OFFSET, make_app_image

_APP_NAME = "tinygate"
_FLASH_SETTINGS = {"flash_mode": "dio", "flash_size": "4MB", "flash_freq": "40m"}


@dataclass(frozen=True)
class VirtualBuild:
    """A virtual application's build folder and what identifies the application.

    Attributes:
        folder: `build_esp32_<variant>`.
        app_sha256: the hash appended to the image, hex.
        elf_sha256: the hash in the image's application descriptor, hex; what a running application reports.
        model_sha256: sha256 of the model that the image carries, hex.
        image_bytes: size of the image file.
    """

    folder: Path
    app_sha256: str
    elf_sha256: str
    model_sha256: str
    image_bytes: int


def build_virtual_app(
    model: bytes, variant: str, folder: Path, arena_bytes: int | None = None, preprocessing: bytes = b""
) -> VirtualBuild:
    """Write `folder`/build_esp32_<variant> for an emulated board that esptool flashes.

    Files that already have the right content are left alone, so that modification times tell of changes.

    Args:
        model: a .tflite file's content.
        variant: variant name, "ptq_int8".
        folder: where build folders live; made when missing.
        arena_bytes: tensor arena of the application, which the image names; None for the virtual board's own.
        preprocessing: what a board makes inputs of raw windows by; empty for nothing.

    Raises:
        InputError: the model does not fit, or the variant's name is too long for the image.
    """
    app = make_app_image(model, variant, _package_version(), arena_bytes, preprocessing)
    target = folder / f"build_esp32_{variant}"
    _write(target / f"{_APP_NAME}.bin", app.image)
    _write(target / f"{_APP_NAME}.elf", app.elf)
    _write(target / "flasher_args.json", _json(_flasher_args()))
    _write(target / "config" / "sdkconfig.json", _json({"IDF_TARGET": "esp32", "IDF_TARGET_ARCH_XTENSA": True}))
    return VirtualBuild(target, app.app_sha256, app.elf_sha256, app.model_sha256, len(app.image))


def _flasher_args() -> dict[str, object]:
    offset, file = hex(APP_OFFSET), f"{_APP_NAME}.bin"
    options = [item for key, value in _FLASH_SETTINGS.items() for item in (f"--{key.replace('_', '-')}", value)]
    return {
        "write_flash_args": options,
        "flash_settings": _FLASH_SETTINGS,
        "flash_files": {offset: file},
        "app": {"offset": offset, "file": file, "encrypted": "false"},
        "extra_esptool_args": {"after": "hard_reset", "before": "default_reset", "stub": True, "chip": "esp32"},
    }


def _package_version() -> str:
    try:
        return distribution_version("tinygate")
    except PackageNotFoundError:
        return "source"


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=2) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    """Write `content` to `path` unless it is there already; a reader never sees half a file."""
    if path.is_file() and path.read_bytes() == content:
        return
    atomic.write_bytes(path, content)
