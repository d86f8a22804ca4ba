"""What a chip family must say of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tinygate.targets.ability import Ability
from tinygate.targets.faults import ConsoleSigns
from tinygate.targets.firmware import BuildOrder, Firmware, Ingredients
from tinygate.targets.rig import MakesRig
from tinygate.targets.sizes import Sizes


@dataclass(frozen=True)
class Family:
    """A chip family.

    Attributes:
        name: the family's, "esp32".
        chips: its chips, as pytest-embedded names targets; the first is the one that is meant by default.
        boards: kind of board → the chips that it can be.
        services: kind of board → the pytest-embedded services that drive it.
        options: kind of board → pytest-embedded options that it needs unless the user gives them himself.
        console: how its console tells of faults.
        build: builds or finds the firmware of an order. Raises InputError: it does not build, or is not there.
        sizes: flash and RAM that a build folder's firmware takes. Raises InputError.
        ingredients: what the firmware of a build folder was made from.
        emulator_image: writes what a flash holds after flashing a build folder, for emulators that pytest-embedded
            starts; None where it starts none.
        flash_verified: what the flashing tool's log says when it has read back what it wrote.
        ram_bytes: RAM that firmware and application share, unless the user names another number.
        abilities: what of its toolchain an environment has, for `tinygate doctor`.
        where_it_crashed: the call stack in a crashed application's console lines, decoded with the build folder of a
            chip as far as this machine can; "" if they hold none.
        chip_id: what tells the chip of a kind that is on a port from others, lower case, as an application on it would
            say; None where nobody can tell without one. Raises LabError: it does not answer.
        flash_id: what the flash of such a chip says of itself, likewise.
        write_component: writes what an application takes in to be judged into a folder, over what was changed by hand
            if it must; False where it was there. None where only tinygate's own firmware can be judged.
        rigs: kind of board → what holds its firmware and resets it, where no pytest-embedded service does.
    """

    name: str
    chips: tuple[str, ...]
    boards: Mapping[str, tuple[str, ...]]
    services: Mapping[str, str]
    options: Mapping[str, Mapping[str, str]]
    console: ConsoleSigns = field(repr=False)
    build: Callable[[BuildOrder], Firmware] = field(repr=False)
    sizes: Callable[[Path], Sizes] = field(repr=False)
    ingredients: Callable[[Path], Ingredients] = field(repr=False)
    emulator_image: Callable[[Path], Path] | None = field(repr=False)
    flash_verified: str
    ram_bytes: int
    abilities: Callable[[Mapping[str, str]], Iterator[Ability]] = field(repr=False)
    where_it_crashed: Callable[[Sequence[str], Path, str], str] = field(default=lambda *_: "", repr=False)
    chip_id: Callable[[str, str], str | None] = field(default=lambda chip, port: None, repr=False)
    flash_id: Callable[[str, str], str | None] = field(default=lambda chip, port: None, repr=False)
    write_component: Callable[[Path, bool], bool] | None = field(default=None, repr=False)
    rigs: Mapping[str, MakesRig] = field(default_factory=dict, repr=False)
