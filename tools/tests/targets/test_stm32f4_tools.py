"""The second family where its tools are missing, and what is read from what they leave: no toolchain is needed here."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tinygate.errors import InputError, LabError
from tinygate.targets import family_of, places
from tinygate.targets.firmware import BuildOrder, Firmware
from tinygate.targets.rig import RigOrder
from tinygate.targets.stm32f4.build import APP_SHA256_OFFSET, build, project
from tinygate.targets.stm32f4.emulator import SEED_ADDRESS, emulated
from tinygate.targets.stm32f4.probe import VERIFIED, probed
from tinygate.targets.stm32f4.size import parse, sizes_of
from tinygate.targets.stm32f4.toolchain import abilities

MAP = """
Discarded input sections

 .text.unused   0x00000000       0x40 libtflm.a(unused.cc.obj)

Linker script and memory map

.vectors        0x08000000      0x200
 .vectors       0x08000000      0x188 libtinygate_parts.a(startup.cpp.obj)
.text           0x08000240     0x1000
 .text.main     0x08000240       0x20 CMakeFiles/tinygate.dir/src/main.cpp.obj
 .text.a_name_that_is_too_long_for_its_column
                0x08000260      0xf00 /build/library/libtflm.a(conv.cc.obj)
.rodata         0x08001240      0x400
 .rodata        0x08001240      0x400 CMakeFiles/tinygate.dir/model/model.cpp.obj
.stacks         0x20000000     0x3800
.data           0x20003800       0x10 load address 0x08001640
 .data          0x20003800       0x10 libtflm.a(conv.cc.obj)
.bss            0x20003810      0x800
 .bss           0x20003810      0x800 libtinygate_parts.a(pool.cpp.obj)
.debug_info     0x00000000   0x999999
 .debug_info    0x00000000   0x999999 libtflm.a(conv.cc.obj)
"""


class Log:
    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


def order(tmp_path: Path, **changed: object) -> BuildOrder:
    artifacts = tmp_path / "toy" / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    (artifacts / "ptq_int8.tflite").write_bytes(b"model")
    fields: dict[str, object] = {
        "chip": "stm32f4", "board": "qemu", "model_folder": tmp_path / "toy", "variant": "ptq_int8", "content": b"model",
        "build_root": tmp_path / "build", "log": tmp_path / "log", **changed,
    }  # fmt: skip
    return BuildOrder(**fields)  # type: ignore[arg-type]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with none of the tools."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_its_places_are_known() -> None:
    assert {"stm32f4", "stm32f4-qemu"} <= set(places())
    assert family_of("stm32f4").name == "stm32f4"


def test_without_a_compiler_one_sentence_names_the_packages(bare: None, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no arm-none-eabi-g\+\+, .*apt install gcc-arm-none-eabi .*cmake"):
        build(order(tmp_path))
    assert not (tmp_path / "build").exists()


def test_without_an_emulator_one_sentence_names_the_package(bare: None, tmp_path: Path) -> None:
    firmware = Firmware(tmp_path, "", None)
    with pytest.raises(InputError, match="apt install qemu-system-arm"), emulated(RigOrder(firmware, Log())):
        pass


def test_without_a_flasher_one_sentence_names_the_package(bare: None, tmp_path: Path) -> None:
    firmware = Firmware(tmp_path, "", None)
    with pytest.raises(InputError, match="apt install openocd"), probed(RigOrder(firmware, Log(), "/dev/ttyACM0", "1")):
        pass


def test_a_doctor_is_told_what_is_missing(tmp_path: Path) -> None:
    found = list(abilities({"PATH": str(tmp_path)}))
    assert not any(ability.there for ability in found)
    assert all(ability.remedy.startswith("apt install ") for ability in found)


def test_a_build_that_is_there_says_who_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "build" / "qemu" / "toy" / "build_stm32f4_ptq_int8"
    folder.mkdir(parents=True)
    (folder / "tinygate.bin").write_bytes(bytes(APP_SHA256_OFFSET) + b"ab" * 32 + b"code")
    assert build(order(tmp_path, skip_build=True)).app_sha256 == "ab" * 32


@pytest.mark.parametrize("content", [b"", bytes(APP_SHA256_OFFSET + 64), b"z" * 1000])
def test_what_is_no_firmware_is_refused(content: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "build" / "qemu" / "toy" / "build_stm32f4_ptq_int8"
    folder.mkdir(parents=True)
    (folder / "tinygate.bin").write_bytes(content)
    with pytest.raises(InputError, match="no firmware there"):
        build(order(tmp_path, skip_build=True))


def test_sizes_are_read_from_the_map() -> None:
    sizes = parse(MAP)
    flash, ram, stacks = sizes.memories
    assert (flash.used_bytes, ram.used_bytes, stacks.used_bytes) == (0x200 + 0x1000 + 0x400 + 0x10, 0x810, 0x3800)
    assert sizes.static_ram_bytes == 0x810
    assert sizes.components == {"libtflm.a": 0xF10, "libtinygate_parts.a": 0x988, "model": 0x400, "main": 0x20}


def test_a_map_that_is_missing_or_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no linker map"):
        sizes_of(tmp_path)
    with pytest.raises(InputError, match=r"names no \.text"):
        parse("Linker script and memory map\n")


def openocd(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str, code: int = 0) -> None:
    """Put an OpenOCD on PATH that notes what it was told."""
    tool = folder / "openocd"
    tool.write_text(f'#!/bin/sh\necho "$@" >> {folder}/told\necho "{says}"\nexit {code}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_flashing_names_one_probe_and_verifies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openocd(tmp_path, monkeypatch, VERIFIED)
    log = Log()
    firmware = Firmware(tmp_path, "", tmp_path / "tinygate.bin")
    with probed(RigOrder(firmware, log, "/dev/ttyACM0", "066CFF34")) as board:
        board.flash()
    told = (tmp_path / "told").read_text()
    assert "adapter serial 066CFF34" in told
    assert f"program {{{tmp_path}/tinygate.bin}} verify reset exit 0x8000000" in told
    assert VERIFIED in log.text


@pytest.mark.parametrize(("says", "code"), [("Error: open failed", 1), ("** Verify Failed **", 0)])
def test_a_board_that_is_not_flashed_is_the_labs_fault(
    says: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openocd(tmp_path, monkeypatch, says, code)
    firmware = Firmware(tmp_path, "", tmp_path / "tinygate.bin")
    with (
        probed(RigOrder(firmware, Log(), "/dev/ttyACM0", "066CFF34")) as board,
        pytest.raises(LabError, match="066CFF34"),
    ):
        board.flash()


def test_a_port_without_a_serial_number_names_no_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openocd(tmp_path, monkeypatch, VERIFIED)
    firmware = Firmware(tmp_path, "", None)
    with (
        pytest.raises(LabError, match="cannot be told from others"),
        probed(RigOrder(firmware, Log(), "rfc2217://x:1")),
    ):
        pass
    assert not (tmp_path / "told").exists()


def test_an_emulator_that_does_not_come_up_is_the_labs_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "qemu-system-arm"
    tool.write_text("#!/bin/sh\necho unsupported machine type\nexit 1\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    firmware = Firmware(tmp_path, "", None)
    with pytest.raises(LabError, match="did not come up: unsupported machine"), emulated(RigOrder(firmware, Log())):
        pass


def test_linker_script_and_package_agree() -> None:
    script = (project() / "stm32f405.ld").read_text()
    assert f"NOTE (rw)  : ORIGIN = {SEED_ADDRESS:#010x}" in script
    assert f"ALIGN({APP_SHA256_OFFSET})" in script


def test_every_source_of_others_is_pinned_by_commit() -> None:
    text = (project() / "cmake" / "sources.cmake").read_text()
    rows = [line.split() for line in text.partition("set(TINYGATE_COMMITS")[2].partition(")")[0].splitlines() if line]
    assert len(rows) == 7
    assert all(len(commit) == 40 and int(commit, 16) for _, _, commit in rows)


def test_every_source_of_the_port_is_compiled() -> None:
    listed = "".join((project() / name).read_text() for name in ("CMakeLists.txt", "library/CMakeLists.txt"))
    assert all(f"src/{path.name}" in listed for path in (project() / "src").glob("*.cpp"))


def test_the_ports_own_sources_are_compiled_with_warnings_as_errors() -> None:
    assert "set(TINYGATE_STRICT -Wall -Wextra -Werror)" in (project() / "cmake" / "core.cmake").read_text()


def test_cmake_is_not_run_to_find_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("something was run"))
    with pytest.raises(InputError, match="no firmware there"):
        build(order(tmp_path, skip_build=True))
