"""Builds the firmware of one variant with CMake and the GNU Arm toolchain, or finds it built.

build/stm32f4/sources/                            the sources of others, downloaded once, or not at all
build/stm32f4/library/                            TensorFlow Lite Micro and its kernels, which no model changes
build/<board>/<model>/build_stm32f4_<variant>/    tinygate.elf, tinygate.bin, tinygate.map
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tinygate.errors import InputError
from tinygate.targets.build_tool import cause_in, put_stamp, run_build, stamp_of, unstamp
from tinygate.targets.cmake_cache import forget_if_moved
from tinygate.targets.firmware import PACKAGE, BuildOrder, Firmware, firmware_folder, generators, pinned_files
from tinygate.targets.stm32f4.toolchain import COMPILER

NAME = "tinygate"
BAUD = 115_200
APP_SHA256_OFFSET = 0x200
"""Where an image holds the digits of its ELF file's sha256: behind the vector table (stm32f405.ld)."""

LEAST_ARENA_BYTES, MOST_ARENA_BYTES = 256, 96 * 1024
"""What fits into 128 KB of RAM beside everything else, at most; what is too large is told when the firmware boots."""

_USARTS = {"qemu": 1, "serial": 2}  # the emulator's first serial port; what a Nucleo's debugger passes on


def build(order: BuildOrder) -> Firmware:
    """Build a firmware unless it is there already, made from the same sources.

    Raises:
        InputError: it does not build; or it is not there and there is nothing to build it with.
    """
    if order.application:
        raise InputError(
            f"firmware.project in {order.application.named_in}: for {order.chip} only tinygate's own firmware can be "
            "built and judged; leave this target out, or the project"
        )
    folder = order.build_root / order.board / order.model_folder.name / f"build_{order.chip}_{order.variant}"
    if order.skip_build:
        return _found(folder)
    wanted = _inputs_sha256(order)
    if stamp_of(folder) != wanted:
        COMPILER.require(f"{folder}: not built from what is here now, and there is nothing to build it with")
        _make(order, folder)
        put_stamp(folder, wanted)
    return _found(folder)


def project() -> Path:
    """Return the CMake project's folder: in the checkout, or in the installed package; nothing is written there."""
    return firmware_folder() / "stm32f4"


def _make(order: BuildOrder, folder: Path) -> None:
    """Build the library, then the application on top of it."""
    shared = order.build_root.absolute() / order.chip
    common = {
        "CMAKE_TOOLCHAIN_FILE": project() / "cmake" / "arm-none-eabi.cmake",
        "FETCHCONTENT_BASE_DIR": shared / "sources",
    }
    application = {
        **common,
        "TINYGATE_LIBRARY": shared / "library",
        "TINYGATE_MODEL": order.model_folder.absolute(),
        "TINYGATE_VARIANT": order.variant,
        "TINYGATE_PACKAGE": PACKAGE,
        "TINYGATE_PREPROCESS": order.header.absolute() if order.header else "",
        "TINYGATE_USART": _USARTS[order.board],
        "TINYGATE_BAUD": BAUD,
        "Python3_EXECUTABLE": sys.executable,
        **_arena(order),
    }
    order.log.parent.mkdir(parents=True, exist_ok=True)
    order.log.write_bytes(b"")
    unstamp(folder)
    with _alone(shared):
        _cmake(project() / "library", shared / "library", common, order)
    _cmake(project(), folder, application, order)


def _arena(order: BuildOrder) -> dict[str, int]:
    if order.arena_bytes is None:
        return {}
    if not LEAST_ARENA_BYTES <= order.arena_bytes <= MOST_ARENA_BYTES:
        raise InputError(
            f"an arena of {order.arena_bytes} bytes for {order.variant} on {order.chip}: "
            f"expected {LEAST_ARENA_BYTES} to {MOST_ARENA_BYTES}"
        )
    return {"TINYGATE_ARENA_BYTES": order.arena_bytes}


def _cmake(source: Path, folder: Path, settings: Mapping[str, object], order: BuildOrder) -> None:
    defines = [f"-D{name}={value}" for name, value in settings.items()]
    forget_if_moved(folder, source)
    _run(["cmake", "-S", str(source), "-B", str(folder), "-G", "Ninja", *defines], order)
    _run(["cmake", "--build", str(folder)], order)


def _run(command: Sequence[str], order: BuildOrder) -> None:
    with order.log.open("ab") as output:
        code = run_build(command, output)
    if code:
        what = f"the firmware of {order.variant} for {order.chip} does not build"
        raise InputError(f"{what}: {cause_in(order.log)}; see {order.log}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one session at a time build what all share."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _found(folder: Path) -> Firmware:
    image = folder / f"{NAME}.bin"
    try:
        app_sha256 = image.read_bytes()[APP_SHA256_OFFSET:][:64].decode("ascii")
        int(app_sha256, 16)
    except (OSError, ValueError) as error:
        raise InputError(f"{folder}: no firmware there ({error}); build it where the toolchain is") from error
    return Firmware(folder, app_sha256, image, str(BAUD))


def _inputs_sha256(order: BuildOrder) -> str:
    """Return the hash of everything that a build reads, but the compiler and the sources of others."""
    settings = [order.chip, order.board, order.variant, order.arena_bytes]
    digest = hashlib.sha256(json.dumps(settings).encode())
    pinned = pinned_files(order.model_folder, order.variant, order.header)
    for path in sorted({*_sources(), *pinned}):
        digest.update(f"{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    firmware = project().parent
    for folder in (firmware / "stm32f4", firmware / "components", firmware / "main"):
        yield from (path for path in folder.rglob("*") if path.is_file())
    yield from generators()
