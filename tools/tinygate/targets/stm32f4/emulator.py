"""The firmware in QEMU: an STM32F405 whose first USART is a pseudo-terminal, and whose time is counted instructions."""

from __future__ import annotations

import json
import re
import secrets
import shlex
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinygate.errors import LabError
from tinygate.targets.child import wait_or_kill
from tinygate.targets.rig import RigOrder, Writes
from tinygate.targets.stm32f4.build import NAME
from tinygate.targets.stm32f4.toolchain import EMULATOR

MACHINE = "netduinoplus2"
COUNT_INSTRUCTIONS = "-icount shift=0"
"""An instruction takes a nanosecond of the emulated clock: counts repeat, and no watchdog bites on a busy machine."""

SEED_ADDRESS = 0x2001FFE0
"""Where the firmware looks for what makes its boot ids differ: the emulator has no source of noise (stm32f405.ld)."""

_PORT = re.compile(r"char device redirected to (?P<port>/dev/\S+)")
_START_S, _ANSWER_S, _END_S = 20.0, 5.0, 5.0


class Emulator:
    """A QEMU whose chip stands still until it is reset for the first time: nobody has opened its port before.

    Attributes:
        port: its serial port's pseudo-terminal.
        process: QEMU.
    """

    def __init__(self, process: subprocess.Popen[str], port: str, control: Path, log: Writes, command: str) -> None:
        self.process, self.port = process, port
        self._control, self._log, self._command = control, log, command

    def reset(self) -> None:
        """Reset the chip as its pin does; flash is as it was built, RAM stays. Raises LabError."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_ANSWER_S)
                line.connect(str(self._control))
                answers = line.makefile("r", encoding="utf-8")
                answers.readline()  # the greeting
                for command in ("qmp_capabilities", "system_reset", "cont"):
                    line.sendall(json.dumps({"execute": command}).encode())
                    _await_return(answers)
        except (OSError, ValueError) as error:
            raise LabError(f"the emulator does not take a reset: {error}") from error

    def flash(self) -> None:
        """Do nothing but reset: what QEMU runs is the file that was built. Raises LabError."""
        self._log.write(f"{self._command}\n")
        self.reset()


@contextmanager
def emulated(order: RigOrder) -> Iterator[Emulator]:
    """Run a firmware in QEMU. Raises InputError without QEMU, LabError if it does not come up."""
    EMULATOR.require("firmware for this chip cannot be emulated")
    with tempfile.TemporaryDirectory(prefix="tinygate-") as folder:
        control = Path(folder, "control")
        command = command_line(order.firmware.folder / f"{NAME}.elf", control, order.emulator_options)
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield Emulator(process, _port(process, order), control, order.tool_log, shlex.join(command))
        finally:
            _end(process)


def command_line(elf: Path, control: Path, options: str) -> list[str]:
    """Return how QEMU is started."""
    seed = secrets.randbits(32)
    return [
        EMULATOR.programs[0], "-machine", MACHINE, "-display", "none", "-monitor", "none", "-serial", "pty", "-S",
        "-qmp", f"unix:{control},server=on,wait=off", "-kernel", str(elf),
        "-device", f"loader,addr={SEED_ADDRESS:#x},data={seed:#x},data-len=4", *shlex.split(options),
    ]  # fmt: skip


def _port(process: subprocess.Popen[str], order: RigOrder) -> str:
    """Return the pseudo-terminal that QEMU names when it starts; a QEMU that says nothing is ended."""
    assert process.stdout is not None
    impatience = threading.Timer(_START_S, process.kill)
    impatience.start()
    said = ""
    for line in process.stdout:
        order.tool_log.write(line)
        said = line.strip() or said
        if found := _PORT.search(line):
            impatience.cancel()
            return found["port"]
    impatience.cancel()
    raise LabError(f"{EMULATOR.programs[0]} did not come up: {said or 'it said nothing'}")


def _await_return(answers: Iterator[str]) -> None:
    """Skip events until a command is answered. Raises ValueError for a refusal or none."""
    for line in answers:
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"]["desc"])
        if "return" in answer:
            return
    raise ValueError("it closed the connection")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    wait_or_kill(process, _END_S)
    assert process.stdout is not None
    process.stdout.close()
