"""hello says what the compiler was told: a build without optimization or floating-point unit is not taken for another."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tinygate.targets.stm32f4.build import project
from tinygate.targets.stm32f4.toolchain import COMPILER

SOURCES = Path(os.environ.get("TINYGATE_STM32F4_SOURCES", "-"))
HARD, SOFT = "-mfpu=fpv4-sp-d16 -mfloat-abi=hard", "-mfloat-abi=soft"
VERSIONS = [f'-DTINYGATE_{name}="x"' for name in ("VERSION", "TFLM_VERSION", "CMSIS_NN_VERSION", "DEVICE_VERSION")]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (f"-O2 {HARD}", b"O2+fpu"),
        (f"-O0 {HARD}", b"O0+fpu"),
        (f"-Os {HARD}", b"Os+fpu"),
        (f"-O2 {SOFT}", b"O2+softfloat"),
    ],
)
def test_the_object_holds_the_word_for_its_flags(flags: str, said: bytes, tmp_path: Path) -> None:
    if missing := COMPILER.missing():
        pytest.skip(f"no {', '.join(missing)}: {COMPILER.install}")
    if not SOURCES.is_dir():
        pytest.skip("no headers of the chip: set TINYGATE_STM32F4_SOURCES")
    components = project().parent / "components" / "tinygate"
    folders = [project() / "include", components / "protocol" / "include", components / "board" / "include"]
    folders += [SOURCES / "cmsis5" / "CMSIS" / "Core" / "Include", SOURCES / "cmsis-device-f4" / "Include"]
    includes = [f"-I{folder}" for folder in folders]
    object_file = tmp_path / "identity.o"
    command = ["arm-none-eabi-g++", "-mcpu=cortex-m4", "-mthumb", "-std=gnu++17", "-fno-exceptions", *flags.split()]
    command += [*VERSIONS, '-DTINYGATE_OPTIMIZATION="O2"', "-DSTM32F405xx", *includes]
    source = project() / "src" / "identity.cpp"
    subprocess.run([*command, "-c", source, "-o", object_file], check=True)
    assert said in object_file.read_bytes()
