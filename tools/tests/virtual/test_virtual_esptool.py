"""Unmodified esptool against a board process. The tests share one board, in this order."""

from __future__ import annotations

from pathlib import Path

from board_client import Client, esptool

from tinygate.targets.esp32.virtual_build import VirtualBuild


def test_esptool_detects_the_chip_and_its_flash(flash_log: str) -> None:
    for fact in ("ESP32-D0WD-V3 (revision v3.0)", "40MHz", "02:4e:47:00:00:01", "Stub flasher running"):
        assert fact in flash_log


def test_esptool_flashes_and_verifies(flash_log: str) -> None:
    assert "Hash of data verified." in flash_log


def test_the_flashed_application_boots_after_esptools_reset(
    flash_log: str, board_url: str, build: VirtualBuild
) -> None:
    with Client(board_url) as client:
        hello = client.hello()
    assert (hello.app_sha256, hello.model_sha256) == (build.elf_sha256, build.model_sha256)


def test_esptool_reads_back_what_it_wrote(flash_log: str, board_url: str, image: Path, tmp_path: Path) -> None:
    size = image.stat().st_size
    esptool(board_url, "read-flash", "0x10000", str(size), str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == image.read_bytes()


def test_a_corrupt_image_boots_in_a_loop(flash_log: str, board_url: str, image: Path, tmp_path: Path) -> None:
    content = bytearray(image.read_bytes())
    content[1000] ^= 1
    (tmp_path / "corrupt.bin").write_bytes(content)
    esptool(board_url, "write-flash", "0x10000", str(tmp_path / "corrupt.bin"))
    with Client(board_url) as client:
        console = client.hear("rst:0x3 (SW_RESET)", times=2)
    assert "Checksum failed" in console
    assert "app_main" not in console


def test_an_erased_flash_holds_no_application(flash_log: str, board_url: str) -> None:
    esptool(board_url, "erase-flash")
    with Client(board_url) as client:
        assert "invalid magic byte" in client.hear("No bootable app partitions")


def test_esptool_flashes_without_stub(board_url: str, image: Path) -> None:
    log = esptool(board_url, "--no-stub", "write-flash", "0x10000", str(image))
    assert "Hash of data verified." in log
    assert "Stub flasher running" not in log
    with Client(board_url) as client:
        assert client.hello().model_status == "ok"
