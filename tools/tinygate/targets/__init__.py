"""Chip families: everything that is true of one kind of chip and not of another, a room each.

The rest of the package asks here: which chips there are, on which boards, how their firmware is built and measured, and
how their consoles tell of faults. A new family is a room beside the others and a line in `FAMILIES`.
"""

from __future__ import annotations

from tinygate.errors import InputError
from tinygate.places import BOARDS, HOST, place_of
from tinygate.targets.esp32.family import ESP32
from tinygate.targets.family import Family
from tinygate.targets.stm32f4.family import STM32F4

FAMILIES: tuple[Family, ...] = (ESP32, STM32F4)
DEFAULT_CHIP = FAMILIES[0].chips[0]


def chips() -> tuple[str, ...]:
    """Return every chip of every family."""
    return tuple(chip for family in FAMILIES for chip in family.chips)


def family_of(chip: str) -> Family:
    """Return a chip's family. Raises InputError for a chip that no family has."""
    for family in FAMILIES:
        if chip in family.chips:
            return family
    raise InputError(f"--target {chip}: no such chip; known: {', '.join(chips())}")


def places() -> tuple[str, ...]:
    """Return every place: the host, and each chip on each board that can be it."""
    found = [place_of(chip, board) for family in FAMILIES for board in BOARDS for chip in family.boards.get(board, ())]
    return tuple(dict.fromkeys([HOST, *found]))


__all__ = ["DEFAULT_CHIP", "FAMILIES", "Family", "chips", "family_of", "places"]
