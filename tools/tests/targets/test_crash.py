"""A panic's addresses become functions and lines where ELF file and toolchain are there; else what is missing is said."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tinygate.targets.esp32.crash import where_it_crashed

SOURCE = """\
static int deeper(int *p) { return *p; }
int outer(int *p) {
    return deeper(p) + 1;
}
void _start(void) { outer(0); }
"""
BEGIN = 0x400D0000
DRAM = "0x3ffb5d60"
ADDR2LINE = "#!/bin/sh\naddr2line \"$@\" | sed 's/^0x00000000/0x/'\n"  # a toolchain of 32 bits prints eight digits
needs_gcc = pytest.mark.skipif(not (shutil.which("gcc") and shutil.which("nm")), reason="needs gcc and binutils")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build folder with an ELF file whose code lies where an ESP32's flash is mapped, and a toolchain."""
    (tmp_path / "build").mkdir()
    (tmp_path / "crash.c").write_text(SOURCE)
    compile_it = ["gcc", "-g", "-O0", "-nostdlib", "-static", "-no-pie", f"-Wl,-Ttext={BEGIN:#x}", "crash.c"]
    subprocess.run([*compile_it, "-o", "build/tinygate.elf"], cwd=tmp_path, check=True, capture_output=True)
    for prefix in ("xtensa-esp32-elf-", "riscv32-esp-elf-"):
        tool = tmp_path / "bin" / f"{prefix}addr2line"
        tool.parent.mkdir(exist_ok=True)
        tool.write_text(ADDR2LINE)
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    return tmp_path / "build"


def addresses(build: Path) -> dict[str, str]:
    """Function → an address within it."""
    lines = subprocess.run(["nm", "tinygate.elf"], cwd=build, check=True, capture_output=True, text=True).stdout
    return {name: f"{int(at, 16) + 8:#010x}" for at, _, name in (line.split() for line in lines.splitlines())}


@needs_gcc
def test_a_backtrace_is_decoded(build: Path) -> None:
    at = addresses(build)
    lines = ["Guru Meditation Error: Core  0 panic'ed (LoadProhibited).", "PC      : 0x400d0000  PS      : 0x00060330"]
    lines += [f"Backtrace: {at['deeper']}:{DRAM} {at['outer']}:{DRAM} {at['_start']}:{DRAM}", "Rebooting..."]
    said = where_it_crashed(lines, build, "esp32")
    assert said == "It crashed in deeper (crash.c:1), called by outer (crash.c:2), called by _start (crash.c:5)."


@needs_gcc
def test_risc_v_tells_where_and_by_whom(build: Path) -> None:
    at = addresses(build)
    lines = [f"MEPC    : {at['deeper']}  RA      : {at['outer']}  SP      : {DRAM}  GP      : {DRAM}"]
    assert where_it_crashed(lines, build, "esp32c3").startswith("It crashed in deeper (crash.c:1), called by outer")


@needs_gcc
def test_addresses_of_another_application_are_left_as_they_came(build: Path) -> None:
    said = where_it_crashed([f"Backtrace: 0x40380000:{DRAM}"], build, "esp32")
    assert said == f"Backtrace: 0x40380000:{DRAM} (not decoded: tinygate.elf has none of these addresses)"


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    lines = [f"Backtrace: 0x400d1234:{DRAM}"]
    (tmp_path / "fast.elf").write_text("#!/bin/sh\n")  # how pytest-embedded names a program of this machine
    assert "no ELF file in" in where_it_crashed(lines, tmp_path, "esp32")
    (tmp_path / "tinygate.elf").write_bytes(b"\x7fELF")
    assert "no xtensa-esp32-elf-addr2line on PATH; activate ESP-IDF" in where_it_crashed(lines, tmp_path, "esp32")
    assert where_it_crashed(["I (300) app: up"], tmp_path, "esp32") == ""
