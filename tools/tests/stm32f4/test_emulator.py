"""The emulator stands still until its first reset: a boot that nobody asked for would be told as a second one."""

from __future__ import annotations

import serial
from provoke import Silent

from tinygate.targets.firmware import Firmware
from tinygate.targets.rig import RigOrder
from tinygate.targets.stm32f4.emulator import emulated


def test_nothing_is_said_before_the_first_reset_and_one_boot_after_it(firmware: Firmware) -> None:
    with emulated(RigOrder(firmware, Silent())) as rig, serial.Serial(rig.port, timeout=1.5) as line:
        assert line.read(1) == b""
        rig.flash()
        said = b"".join(iter(lambda: line.read(4096), b""))
    assert said.count(b"boot: reset by poweron") == 1
    assert said.count(b" hello ") == 1
