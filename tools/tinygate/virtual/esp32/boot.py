"""What a boot hands to the application: the image that was loaded, why the chip was reset, what outlived the reset."""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from enum import Enum

from tinygate.virtual.esp32.image import Application


class ResetReason(Enum):
    """Why the chip was reset: the ROM's number and name for it, and the application's word."""

    POWER_ON = 0x1, "POWERON_RESET", "poweron"  # the EN pin looks the same
    REJECTED = 0x3, "SW_RESET", "sw"
    RESTART = 0xC, "SW_CPU_RESET", "sw"
    PANIC = 0xC, "SW_CPU_RESET", "panic"

    @property
    def rom_text(self) -> str:
        """What follows `rst:` in the ROM's message."""
        return f"{self.value[0]:#x} ({self.value[1]})"

    @property
    def word(self) -> str:
        """The word in a hello record."""
        return self.value[2]


class RtcMemory:
    """Memory that a software reset leaves alone and power-on clears; the application's process shares it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8)

    @property
    def next_arena_bytes(self) -> int:
        """Arena size for the next boot only; 0 for the configured one."""
        return int.from_bytes(self._memory[:8], "little")

    @next_arena_bytes.setter
    def next_arena_bytes(self, size: int) -> None:
        self._memory[:8] = size.to_bytes(8, "little")


class UartRate:
    """The rate that the application has set; chip and application share the memory."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 4)

    @property
    def baud(self) -> int | None:
        """The rate; None as long as nobody has set one."""
        return int.from_bytes(self._memory[:4], "little") or None

    @baud.setter
    def baud(self, baud: int | None) -> None:
        self._memory[:4] = (baud or 0).to_bytes(4, "little")


@dataclass(frozen=True)
class Boot:
    """One start of an application.

    Attributes:
        mac: six bytes, from eFuse.
        flash_bytes: size of the flash chip.
        uart: the rate of its serial port.
        store: the part of the flash that applications may keep data in.
    """

    app: Application
    reason: ResetReason
    rtc: RtcMemory
    mac: bytes
    flash_bytes: int
    uart: UartRate
    store: memoryview = field(default_factory=lambda: memoryview(b""))
