"""The firmware that the tests of this folder talk to: gesture's ptq_int8, built as the gate builds it, in QEMU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from provoke import Silent

from tinygate.judge.arena import arena_bytes_for
from tinygate.model.folder import load_model
from tinygate.targets.firmware import BuildOrder, Firmware
from tinygate.targets.rig import RigOrder
from tinygate.targets.stm32f4.build import build
from tinygate.targets.stm32f4.emulator import COUNT_INSTRUCTIONS, Emulator, emulated
from tinygate.targets.stm32f4.toolchain import COMPILER, EMULATOR

SOURCES = "TINYGATE_STM32F4_SOURCES"
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def firmware() -> Firmware:
    """A build of minutes the first time, of nothing when it is there; skipped with what is missing."""
    for tools in (COMPILER, EMULATOR):
        if missing := tools.missing():
            pytest.skip(f"no {', '.join(missing)}: {tools.install}")
    if not (os.environ.get(SOURCES) or (REPOSITORY / "build" / "stm32f4" / "library").is_dir()):
        pytest.skip(f"no sources to build from: set {SOURCES}, or run pytest tests_target --target stm32f4 once")
    folder = REPOSITORY / "models" / "gesture"
    variant = next(variant for variant in load_model(folder).variants if variant.name == "ptq_int8")
    order = BuildOrder(
        "stm32f4", "qemu", folder, variant.name, variant.content, REPOSITORY / "build",
        REPOSITORY / "build" / "stm32f4" / "tests.log", arena_bytes=arena_bytes_for(variant, "stm32f4"),
    )  # fmt: skip
    return build(order)


@pytest.fixture(scope="session")
def rig(firmware: Firmware) -> Iterator[Emulator]:
    with emulated(RigOrder(firmware, Silent(), emulator_options=COUNT_INSTRUCTIONS)) as running:
        yield running
