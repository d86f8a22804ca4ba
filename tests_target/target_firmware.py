"""The firmware of a variant for a board: built, or found built, as a folder that pytest-embedded understands."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import tinygate
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Firmware:
    """A build folder.

    Attributes:
        target: pytest-embedded's name for what runs it: a chip, or "linux".
        elf_sha256: what the application in it says of itself, hex.
        image: the application's image; None when that is not the firmware a chip would run.
    """

    folder: Path
    target: str
    elf_sha256: str
    image: Path | None

    @property
    def console_baud(self) -> str | None:
        """The console's rate, as the firmware was configured; None when its configuration does not say."""
        path = self.folder / "config" / "sdkconfig.json"
        settings = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        rate = settings.get("ESP_CONSOLE_UART_BAUDRATE")
        return str(rate) if rate else None


@cache
def flash_image(folder: Path) -> Path:
    """Write what a flash holds after flashing a build folder, anew for each session: firmware writes to it."""
    arguments = json.loads((folder / "flasher_args.json").read_text(encoding="utf-8"))
    flash = bytearray(b"\xff" * _bytes_of(arguments["flash_settings"]["flash_size"]))
    for offset, name in arguments["flash_files"].items():
        content = (folder / name).read_bytes()
        flash[int(offset, 0) : int(offset, 0) + len(content)] = content
    path = folder / "tinygate_flash.bin"
    path.write_bytes(flash)
    return path


def _bytes_of(size: str) -> int:
    return int(size.removesuffix("MB")) * 1024 * 1024


def firmware_of(config: pytest.Config, board: BoardChoice, variant: Variant, logs: Path) -> Firmware:
    """Build or find the firmware, as the command line says.

    Raises:
        InputError: it does not build, or is not there.
    """
    build_root = config.rootpath / "build"
    if board.board == "virtual":
        return _virtual(board, variant, build_root)
    if board.board == "virtual-fast":
        return _virtual_fast(variant, build_root)
    log = logs / variant.id / "build.log"
    return _idf(board, variant, build_root, log, config.getoption("--skip-build"))


def _virtual(board: BoardChoice, variant: Variant, build_root: Path) -> Firmware:
    from tinygate.targets.esp32.virtual_build import build_virtual_app

    built = build_virtual_app(variant.content, variant.name, build_root / "virtual" / variant.model.name)
    return Firmware(built.folder, board.target, built.elf_sha256, None)


def _virtual_fast(variant: Variant, build_root: Path) -> Firmware:
    from tinygate.targets.esp32.virtual_build import build_virtual_fast_app

    built = build_virtual_fast_app(variant.content, variant.name, build_root / "virtual-fast" / variant.model.name)
    return Firmware(built.folder, "linux", built.elf_sha256, None)


def _idf(board: BoardChoice, variant: Variant, build_root: Path, log: Path, skip_build: bool) -> Firmware:
    from tinygate.targets.esp32.idf_build import Recipe, build_firmware

    package = Path(tinygate.__file__).parent
    generators = (package / "tflm" / "source.py", *(package / "tflite").glob("*.py"))
    overlays = ("sdkconfig.qemu",) if board.board == "qemu" else ()
    recipe = Recipe(ROOT / "firmware", board.target, variant.name, variant.model.folder, generators, overlays)
    built = build_firmware(recipe, build_root / board.board / variant.model.name, log, skip_build)
    return Firmware(built.folder, board.target, built.elf_sha256, built.image)
