"""The tools of this family: the GNU Arm compiler, CMake, QEMU and OpenOCD, all of them packages of Debian."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tinygate.errors import InputError
from tinygate.targets.ability import Ability


@dataclass(frozen=True)
class Tools:
    """Programs that do one thing together.

    Attributes:
        name: what they are, for a sentence.
        programs: all of them must be on PATH.
        packages: what brings them.
    """

    name: str
    programs: tuple[str, ...]
    packages: str

    def missing(self, path: str | None = None) -> tuple[str, ...]:
        """Return which programs are not on `path`; None for the environment's."""
        return tuple(program for program in self.programs if shutil.which(program, path=path) is None)

    def require(self, purpose: str) -> None:
        """Raise InputError unless all programs are there; `purpose` says what cannot be done without."""
        if missing := self.missing():
            raise InputError(f"{purpose}: no {', '.join(missing)} on PATH; run `{self.install}`")

    @property
    def install(self) -> str:
        """The command that brings them."""
        return f"apt install {self.packages}"


COMPILER = Tools(
    "GNU Arm toolchain",
    ("arm-none-eabi-g++", "arm-none-eabi-objcopy", "cmake", "ninja"),
    "gcc-arm-none-eabi libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib cmake ninja-build",
)
EMULATOR = Tools("QEMU for Arm", ("qemu-system-arm",), "qemu-system-arm")
FLASHER = Tools("OpenOCD", ("openocd",), "openocd")


def abilities(environment: Mapping[str, str]) -> Iterator[Ability]:
    """Yield which of the tools there are."""
    for tools in (COMPILER, EMULATOR, FLASHER):
        path = environment.get("PATH", "")
        if missing := tools.missing(path):
            yield Ability(tools.name, False, f"no {', '.join(missing)} on PATH", tools.install)
        else:
            yield Ability(tools.name, True, ", ".join(tools.programs))
