"""ESP32 and its successors, with ESP-IDF."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from tinygate.extras import require
from tinygate.preprocessing.description import is_described
from tinygate.preprocessing.source import preprocessing_of
from tinygate.targets.esp32.chip_id import chip_id, flash_id
from tinygate.targets.esp32.component import write_component
from tinygate.targets.esp32.console import SIGNS
from tinygate.targets.esp32.crash import where_it_crashed
from tinygate.targets.esp32.ingredients import ingredients
from tinygate.targets.esp32.project import firmware_project
from tinygate.targets.esp32.toolchain import abilities
from tinygate.targets.family import Family
from tinygate.targets.firmware import BuildOrder, Firmware, generators
from tinygate.targets.sizes import Sizes

COUNT_INSTRUCTIONS = "-icount 3,sleep=off -rtc clock=vm"
"""Options of QEMU: on a busy machine's clock watchdogs would bite for nothing, and cycles would mean nothing."""

_CHIPS = ("esp32", "esp32c3", "esp32s3")


def _build(order: BuildOrder) -> Firmware:
    if order.board == "virtual":
        return _virtual(order)
    from tinygate.targets.esp32 import idf_build

    if order.board == "qemu":
        require("pytest_embedded_qemu", "firmware cannot be judged in QEMU")
    sample = firmware_project(order.build_root)
    project = order.application.project if order.application else sample
    overlays = (str(sample.absolute() / "sdkconfig.qemu"),) if order.board == "qemu" else ()
    recipe = idf_build.Recipe(
        project, order.chip, order.variant, order.model_folder, generators(), overlays, order.arena_bytes,
        order.application, order.header,
    )  # fmt: skip
    folder = order.build_root / order.board / order.model_folder.name
    built = idf_build.build_firmware(recipe, folder, order.log, order.skip_build)
    return Firmware(built.folder, built.elf_sha256, built.image, _console_baud(built.folder))


def _virtual(order: BuildOrder) -> Firmware:
    from tinygate.targets.esp32 import virtual_build

    require("tflite_micro", "firmware cannot be judged on the virtual board")
    folder = order.build_root / order.board / order.model_folder.name
    arguments = (order.content, order.variant, folder, order.arena_bytes, _preprocessing(order))
    built = virtual_build.build_virtual_app(*arguments)
    return Firmware(built.folder, built.elf_sha256, None)


def _preprocessing(order: BuildOrder) -> bytes:
    """Return what a virtual board makes inputs by: the header that a chip's firmware has, and the steps behind it."""
    artifact = order.model_folder / "artifacts" / f"{order.variant}.tflite"
    constants, header = preprocessing_of(artifact, order.header)
    described = constants if is_described(constants) and not order.header else {}
    return json.dumps({"header": header, "described": described}).encode() if header or described else b""


def _console_baud(folder: Path) -> str | None:
    path = folder / "config" / "sdkconfig.json"
    settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    rate = settings.get("TINYGATE_UART_BAUD", settings.get("ESP_CONSOLE_UART_BAUDRATE"))  # its own, if it has one
    return str(rate) if rate else None


def _sizes(folder: Path) -> Sizes:
    from tinygate.targets.esp32.size import sizes_of

    return sizes_of(folder)


@cache
def _flash_image(folder: Path) -> Path:
    """Write what a flash holds after flashing a build folder, anew for each session: firmware writes to it."""
    arguments = json.loads((folder / "flasher_args.json").read_text(encoding="utf-8"))
    size_mb = int(arguments["flash_settings"]["flash_size"].removesuffix("MB"))
    flash = bytearray(b"\xff" * (size_mb << 20))
    for offset, name in arguments["flash_files"].items():
        content = (folder / name).read_bytes()
        flash[int(offset, 0) : int(offset, 0) + len(content)] = content
    path = folder / "tinygate_flash.bin"
    path.write_bytes(flash)
    return path


ESP32 = Family(
    name="esp32",
    chips=_CHIPS,
    boards={"virtual": ("esp32",), "qemu": _CHIPS, "serial": _CHIPS},
    services={"virtual": "esp,idf", "serial": "esp,idf", "qemu": "idf,qemu"},
    options={"qemu": {"qemu_extra_args": COUNT_INSTRUCTIONS}},
    console=SIGNS,
    build=_build,
    sizes=_sizes,
    ingredients=ingredients,
    emulator_image=_flash_image,
    flash_verified="Hash of data verified.",
    ram_bytes=256 * 1024,
    abilities=abilities,
    where_it_crashed=where_it_crashed,
    chip_id=chip_id,
    flash_id=flash_id,
    write_component=write_component,
)
