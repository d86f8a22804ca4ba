"""STM32F4 at 168 MHz with 128 KB of RAM (F405, F407 and their like), with CMake and the GNU Arm toolchain."""

from __future__ import annotations

from pathlib import Path

from tinygate.targets.family import Family
from tinygate.targets.firmware import BuildOrder, Firmware, Ingredients
from tinygate.targets.sizes import Sizes
from tinygate.targets.stm32f4.console import SIGNS
from tinygate.targets.stm32f4.emulator import COUNT_INSTRUCTIONS, emulated
from tinygate.targets.stm32f4.probe import VERIFIED, probed
from tinygate.targets.stm32f4.toolchain import abilities

_CHIPS = ("stm32f4",)


def _build(order: BuildOrder) -> Firmware:
    from tinygate.targets.stm32f4.build import build

    return build(order)


def _ingredients(folder: Path) -> Ingredients:
    from tinygate.targets.stm32f4.ingredients import ingredients

    return ingredients(folder)


def _sizes(folder: Path) -> Sizes:
    from tinygate.targets.stm32f4.size import sizes_of

    return sizes_of(folder)


STM32F4 = Family(
    name="stm32f4",
    chips=_CHIPS,
    boards={"qemu": _CHIPS, "serial": _CHIPS},
    services={"qemu": "serial", "serial": "serial"},
    options={"qemu": {"qemu_extra_args": COUNT_INSTRUCTIONS}},
    rigs={"qemu": emulated, "serial": probed},
    console=SIGNS,
    build=_build,
    sizes=_sizes,
    ingredients=_ingredients,
    emulator_image=None,
    flash_verified=VERIFIED,
    ram_bytes=128 * 1024,
    abilities=abilities,
)
