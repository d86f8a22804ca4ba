"""Provokes faults in the firmware as it is built, running in QEMU: while it waits, it is led astray.

    python tools/tests/stm32f4/provoke.py build/qemu/gesture/build_stm32f4_ptq_int8

records what the console says of each into logs/, which the tests of the console's words read.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import serial
from gdb_remote import PC, SP, GdbRemote

from tinygate.protocol.framing import PREFIX
from tinygate.targets.firmware import Firmware
from tinygate.targets.rig import RigOrder
from tinygate.targets.stm32f4.emulator import emulated

LOGS = Path(__file__).parent / "logs"
NOWHERE = 0x6000_0000  # no memory and no device is there
SCRATCH = 0x2001_FE00  # the end of the pool, which the firmware has not come to
COPROCESSOR_ACCESS = 0xE000_ED88
COUNT_COARSELY = "-icount shift=5"  # 32 ns each: the ten seconds of the watchdog are over soon
PATIENCE_S = 120

Symbols = Mapping[str, int]
Provocation = Callable[[GdbRemote, Symbols], None]


def _code(*halfwords: int, **registers: int) -> Provocation:
    """Return what runs these instructions, with registers set (`r0`, `r1`, …)."""

    def provoke(gdb: GdbRemote, symbols: Symbols) -> None:
        gdb.write(SCRATCH, b"".join(halfword.to_bytes(2, "little") for halfword in halfwords))
        gdb.set_registers({PC: SCRATCH, **{int(name[1:]): value for name, value in registers.items()}})

    return provoke


def _jump(symbol: str) -> Provocation:
    return lambda gdb, symbols: gdb.set_registers({PC: symbols[symbol] & ~1})


def _overflow(gdb: GdbRemote, symbols: Symbols) -> None:
    _code(0xB4FF)(gdb, symbols)  # push {r0-r7}
    gdb.set_registers({SP: symbols["stack_begin"] + 8})


FAULTS: Mapping[str, Provocation] = {
    "usage_fault": _code(0xDE00),  # an instruction that is none
    "bus_fault": _code(0x6800, r0=NOWHERE),  # ldr r0, [r0]
    "hard_fault": _code(0xB672, 0xDE00),  # cpsid i; then a fault that nobody may handle
    "memory_fault": lambda gdb, symbols: gdb.set_registers({PC: 0x4000_0000}),  # peripherals hold no code
    "fpu_off": _code(0x6001, 0xF3BF, 0x8F4F, 0xF3BF, 0x8F6F, 0xEEB7, 0x0A00, r0=COPROCESSOR_ACCESS, r1=0),
    "stack_overflow": _overflow,
    "watchdog": _code(0xE7FE),  # b .
    "abort": _jump("abort"),
    "supply": _jump("supply_handler"),
}


class Silent:
    """A log that nobody reads."""

    def write(self, text: str) -> None:
        pass


def provoke(folder: Path, fault: str) -> list[str]:
    """Run the firmware of a build folder, provoke a fault while it listens, and return its console's text."""
    symbols = _symbols(folder / "tinygate.elf")
    options = f"{COUNT_COARSELY} -gdb tcp:127.0.0.1:{(port := _free_port())}"
    order = RigOrder(Firmware(folder, "stm32f4", "", None), Silent(), emulator_options=options)
    with emulated(order) as rig, serial.Serial(rig.port, timeout=0.1) as line:
        rig.reset()
        said = _until(line, PREFIX)
        gdb = GdbRemote(port)
        gdb.run_to(symbols["tinygate::feed_watchdog()"] & ~1)
        FAULTS[fault](gdb, symbols)
        gdb.go()
        said += _until(line, PREFIX)
    lines = said.decode("ascii", "replace").splitlines()
    return [text for text in lines if text and not text.startswith(PREFIX.decode())]


def _until(line: serial.Serial, sign: bytes) -> bytes:
    """Return what comes until a whole record has."""
    said, until = b"", time.monotonic() + PATIENCE_S
    while sign not in said or not said.partition(sign)[2].endswith(b"\n"):
        assert time.monotonic() < until, f"no record came; it said {said[-500:]!r}"
        said += line.read(line.in_waiting or 1)
    return said


def _symbols(elf: Path) -> Symbols:
    listed = subprocess.run(["arm-none-eabi-nm", "-C", elf], capture_output=True, text=True, check=True).stdout
    rows = (row.split(maxsplit=2) for row in listed.splitlines())
    return {name: int(address, 16) for address, _, name in (row for row in rows if len(row) == 3)}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


if __name__ == "__main__":
    for name in FAULTS:
        (LOGS / f"{name}.log").write_text("\n".join(provoke(Path(sys.argv[1]), name)) + "\n", encoding="ascii")
        print((LOGS / f"{name}.log").read_text())
