"""The example application with real ESP-IDF: judged in the emulator, and built as it ships, without a trace of tinygate.

Minutes of compiling, and nothing to do without ESP-IDF: skipped, with the reason, where it or the emulator is not active.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from tinygate.figures import PARTS, flash_of, static_ram_of

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "firmware" / "example_app"
PYTHON = Path(os.environ.get("IDF_PYTHON_ENV_PATH", ""), "bin", "python")

VARIANTS = ("ptq_int8", "qat_int8")
HISTORY_BYTES = 20_480

pytestmark = pytest.mark.skipif(
    not os.environ.get("IDF_PATH") or not PYTHON.is_file(), reason="no ESP-IDF is active here: . $IDF_PATH/export.sh"
)


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build folder of the example as it ships."""
    folder = tmp_path_factory.mktemp("shipped")
    idf = Path(os.environ["IDF_PATH"], "tools", "idf.py")
    settings = ["-DIDF_TARGET=esp32", f"-DSDKCONFIG={folder / 'sdkconfig'}"]
    command = [str(PYTHON), str(idf), "-C", str(EXAMPLE), "-B", str(folder), *settings, "build"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return folder


def linked(folder: Path) -> str:
    """What the linker took in, from its map: without what it threw away, and without what it only opened."""
    text = (folder / "example_app.map").read_text(errors="replace").partition("Linker script and memory map")[2]
    return "\n".join(line for line in text.splitlines() if not line.startswith("LOAD "))


def test_what_ships_has_no_symbol_of_it(shipped: Path) -> None:
    with (shipped / "example_app.elf").open("rb") as file:
        table: Any = ELFFile(file).get_section_by_name(".symtab")
        names = {symbol.name for symbol in table.iter_symbols()}
    assert "app_main" in names
    assert not [name for name in names if "tinygate" in name.lower() or "tflite" in name.lower()]


def test_what_ships_has_no_byte_of_it(shipped: Path) -> None:
    assert b"tinygate" not in (shipped / "example_app.bin").read_bytes().lower()
    assert "libmain.a" in linked(shipped)
    assert "libtinygate" not in linked(shipped)
    assert "tflite" not in linked(shipped)


@pytest.fixture(scope="session")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The verdict of the gate on two variants of the gesture model in the example, by the emulator."""
    if not shutil.which("qemu-system-xtensa"):
        pytest.skip("no qemu-system-xtensa on PATH")
    root = tmp_path_factory.mktemp("judged")
    folder = root / "models" / "gesture"
    shutil.copytree(ROOT / "models" / "gesture", folder)
    config = folder / "model.toml"
    text = config.read_text().replace('title = "Seven', f'firmware.project = "{EXAMPLE}"\ntitle = "Seven')
    config.write_text(text)
    options = ["--target", "esp32", "--board", "qemu", *(f"--variant={name}" for name in VARIANTS)]
    places = ["--models-root", str(root / "models"), "--report-dir", str(root / "report"), "--build-root", str(root)]
    command = [str(Path(sys.executable).parent / "tinygate"), "gate", *options, *places]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    return dict(json.loads((root / "report" / "verdict.json").read_text()))


@pytest.fixture(params=VARIANTS)
def figures(request: pytest.FixtureRequest, judged: dict[str, Any]) -> dict[str, Any]:
    """What was measured of a variant in the emulator, by figure."""
    (found,) = (entry for entry in judged["variants"] if entry["variant"] == request.param)
    named = (name.partition("@") for name in found["figures"])
    return {name: found["figures"][f"{name}@{place}"] for name, _, place in named if place == "esp32-qemu"}


def test_the_example_is_judged_and_passes(judged: dict[str, Any]) -> None:
    assert judged["verdict"] == "PASS"


def test_every_output_is_exact_beside_the_application(figures: dict[str, Any]) -> None:
    assert figures["parity_mismatches"] == 0


def test_its_interrupts_are_seen_while_it_runs(figures: dict[str, Any]) -> None:
    assert figures["emulated_running_cycles"] > figures["emulated_cycles"]


def test_its_memory_is_told_as_a_whole_and_by_part(figures: dict[str, Any]) -> None:
    assert sum(figures[flash_of(part)] for part in PARTS) == figures["flash_bytes"]
    assert sum(figures[static_ram_of(part)] for part in PARTS) == figures["static_ram_bytes"]
    assert figures[static_ram_of("rest")] > HISTORY_BYTES
    assert figures["ram_used_bytes"] > figures["static_ram_bytes"] + figures["arena_used_bytes"]
    assert min(figures["heap_least_free_bytes"], figures["stack_least_free_bytes"]) > 0
