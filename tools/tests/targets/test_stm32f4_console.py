"""What the console of an STM32F4 said when faults were provoked in QEMU, and what it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.board.console import classify
from tinygate.errors import LabError, TargetError
from tinygate.targets.faults import FaultKind
from tinygate.targets.stm32f4.console import SIGNS

LOGS = Path(__file__).parents[1] / "stm32f4" / "logs"
KINDS = {
    "usage_fault": FaultKind.PANIC,
    "bus_fault": FaultKind.PANIC,
    "hard_fault": FaultKind.PANIC,
    "memory_fault": FaultKind.PANIC,
    "fpu_off": FaultKind.PANIC,
    "stack_overflow": FaultKind.STACK,
    "watchdog": FaultKind.TASK_WATCHDOG,
    "abort": FaultKind.ABORT,
    "supply": FaultKind.BROWN_OUT,
}
POWER_ON = "boot: reset by poweron, RCC_CSR=0x0e000000"


def test_every_recorded_log_is_judged() -> None:
    assert {path.stem for path in LOGS.glob("*.log")} == set(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_a_recorded_fault_is_what_was_provoked(name: str) -> None:
    fault = classify((LOGS / f"{name}.log").read_text(encoding="ascii").splitlines(), SIGNS)
    assert fault is not None
    assert fault.kind is KINDS[name]


@pytest.mark.parametrize("name", KINDS)
def test_all_but_the_supply_is_the_firmwares_fault(name: str) -> None:
    fault = classify((LOGS / f"{name}.log").read_text(encoding="ascii").splitlines(), SIGNS)
    assert fault is not None
    assert isinstance(fault.error(), LabError if name == "supply" else TargetError)


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"watchdog", "abort", "supply"}))
def test_a_fault_whose_first_line_is_lost_is_one_still(name: str) -> None:
    lines = (LOGS / f"{name}.log").read_text(encoding="ascii").splitlines()
    first = next(number for number, line in enumerate(lines) if "fault: " in line)
    assert classify([*lines[:first], *lines[first + 1 :]], SIGNS) is not None


def test_a_clean_boot_shows_no_fault() -> None:
    assert classify([POWER_ON, "ready"], SIGNS) is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("boot: reset by wdt, RCC_CSR=0x24000000", FaultKind.HARDWARE_WATCHDOG),
        ("boot: reset by brownout, RCC_CSR=0x06000000", FaultKind.BROWN_OUT),
        ("assert: engine.cpp:12: size > 0", FaultKind.ASSERT),
    ],
)
def test_what_the_emulator_cannot_do_is_told_apart_too(line: str, kind: FaultKind) -> None:
    fault = classify([POWER_ON, line], SIGNS)
    assert fault is not None
    assert fault.kind is kind
