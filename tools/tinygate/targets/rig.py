"""What holds a board's firmware and resets it, where no service of pytest-embedded does: an emulator, a debug probe.

pytest-embedded's `serial` service then drives the port that the rig names.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from tinygate.targets.firmware import Firmware


class Writes(Protocol):
    """Takes what a tool prints."""

    def write(self, text: str, /) -> object:
        """Append text."""


@dataclass(frozen=True)
class RigOrder:
    """What a rig shall run, and with what.

    Attributes:
        firmware: what the board shall hold.
        tool_log: gets what emulator or flashing tool print.
        port: the serial port of a real board; None for an emulated one, which brings its own.
        probe: serial number of the debug probe on a real board; None when the port has none.
        emulator_options: further options of an emulator.
    """

    firmware: Firmware
    tool_log: Writes
    port: str | None = None
    probe: str | None = None
    emulator_options: str = ""


class Rig(Protocol):
    """A board that is there for one firmware. Nothing is on it before it is flashed."""

    port: str
    """What pyserial opens."""

    def reset(self) -> None:
        """Let the firmware boot anew. Raises LabError."""

    def flash(self) -> None:
        """Write the firmware, verify it, and let it boot. Raises LabError."""


MakesRig = Callable[[RigOrder], AbstractContextManager[Rig]]
