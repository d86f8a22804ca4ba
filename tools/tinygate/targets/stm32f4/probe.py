"""A real board behind its ST-LINK: flashed, verified and reset by OpenOCD, which is told one probe's serial number.

OpenOCD and not pyOCD: it knows every STM32F4 by itself, where pyOCD downloads a vendor's pack for most of them, and its
`adapter serial` matches a whole number, where pyOCD takes a beginning for the probe. No other probe is ever opened.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tinygate.errors import LabError
from tinygate.targets.rig import RigOrder
from tinygate.targets.stm32f4.toolchain import FLASHER

FLASH_ADDRESS = 0x0800_0000
VERIFIED = "** Verified OK **"
_FLASH_S, _RESET_S = 120, 30


class ProbedBoard:
    """A board behind a debug probe.

    Attributes:
        port: its serial port.
    """

    def __init__(self, order: RigOrder, port: str, probe: str) -> None:
        self.port = port
        self._order, self._probe = order, probe

    def flash(self) -> None:
        """Write the image and read it back. Raises LabError."""
        image = f"{{{self._order.firmware.image}}}"  # in braces: a path may have spaces in it
        said = self._openocd([f"program {image} verify reset exit {FLASH_ADDRESS:#x}"], _FLASH_S)
        if VERIFIED not in said:
            raise LabError(f"the board behind probe {self._probe} was not verified after flashing: {_last(said)}")

    def reset(self) -> None:
        """Pull the reset line. Raises LabError."""
        self._openocd(["init", "reset run", "shutdown"], _RESET_S)

    def _openocd(self, commands: Sequence[str], timeout_s: float) -> str:
        setup = ["-f", "interface/stlink.cfg", "-c", f"adapter serial {self._probe}", "-f", "target/stm32f4x.cfg"]
        command = [FLASHER.programs[0], *setup, *(part for text in commands for part in ("-c", text))]
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"probe {self._probe} did not answer OpenOCD within {timeout_s:g} s") from error
        self._order.tool_log.write(done.stdout)
        if done.returncode:
            raise LabError(f"OpenOCD cannot work with the board behind probe {self._probe}: {_last(done.stdout)}")
        return done.stdout


@contextmanager
def probed(order: RigOrder) -> Iterator[ProbedBoard]:
    """Name the board behind one probe. Raises InputError without OpenOCD, LabError if the probe cannot be told."""
    FLASHER.require("boards with this chip cannot be flashed")
    if not order.port or not order.probe:
        raise LabError(
            f"{order.port}: this port has no USB serial number, so its debug probe cannot be told from others; "
            "connect the board's own ST-LINK and name its port"
        )
    yield ProbedBoard(order, order.port, order.probe)


def _last(said: str) -> str:
    """Return the last line that names an error, else the last one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in reversed(lines) if line.startswith("Error:")), lines[-1])
