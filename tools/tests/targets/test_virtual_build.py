"""The application image and the build folder of a virtual application."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_embedded_idf.app import IdfApp

from tinygate.errors import InputError
from tinygate.targets.esp32.image import APP_OFFSET, make_app_image
from tinygate.targets.esp32.virtual_build import VirtualBuild, build_virtual_app
from tinygate.virtual.esp32.flash import Flash
from tinygate.virtual.esp32.image import read_application

MODEL = random.Random(1).randbytes(5001)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> VirtualBuild:
    return build_virtual_app(MODEL, "ptq_int8", tmp_path_factory.mktemp("builds"))


def test_esptool_calls_the_image_valid(build: VirtualBuild) -> None:
    command = [sys.executable, "-m", "esptool", "image-info", str(build.folder / "tinygate.bin")]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert report.count("(valid)") == 2  # checksum and validation hash
    assert f"ELF file SHA256: {build.elf_sha256}" in report
    assert "invalid" not in report


def test_the_descriptor_holds_the_hash_of_the_elf_file(build: VirtualBuild) -> None:
    elf, image = (build.folder / f"tinygate.{suffix}" for suffix in ("elf", "bin"))
    digest = hashlib.sha256(elf.read_bytes()).digest()
    assert digest.hex() == build.elf_sha256
    assert image.read_bytes()[0xB0:0xD0] == digest  # where pytest-embedded looks for it


@pytest.mark.parametrize("size", [*range(1, 34), 65536])
def test_models_of_any_length_end_in_an_aligned_image(size: int) -> None:
    image = make_app_image(b"\xa5" * size, "x", "1").image
    assert len(image) % 16 == 0
    assert hashlib.sha256(image[:-32]).digest() == image[-32:]


def test_the_same_model_gives_the_same_bytes() -> None:
    assert make_app_image(MODEL, "a", "1") == make_app_image(MODEL, "a", "1")
    assert make_app_image(MODEL, "a", "1").elf_sha256 != make_app_image(MODEL + b"x", "a", "1").elf_sha256


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # pytest-embedded leaves sdkconfig.json open
def test_pytest_embedded_reads_the_folder(build: VirtualBuild) -> None:
    app = IdfApp(app_path=str(build.folder.parent), build_dir=str(build.folder))
    assert app.target == "esp32"
    assert [(file.offset, Path(file.file_path).name) for file in app.flash_files] == [(0x10000, "tinygate.bin")]
    assert (app.elf_file, app.get_sha256(app.bin_file)) == (str(build.folder / "tinygate.elf"), build.app_sha256)


def test_an_unchanged_model_rewrites_nothing(build: VirtualBuild) -> None:
    before = {path: path.stat().st_mtime_ns for path in build.folder.rglob("*")}
    assert build_virtual_app(MODEL, "ptq_int8", build.folder.parent) == build
    assert {path: path.stat().st_mtime_ns for path in build.folder.rglob("*")} == before


def test_the_image_carries_the_arenas_size(tmp_path: Path) -> None:
    image = (build_virtual_app(MODEL, "ptq_int8", tmp_path, arena_bytes=200_000).folder / "tinygate.bin").read_bytes()
    assert read_application(flash_with(image)).arena_bytes == 200_000
    with pytest.raises(InputError, match="arena of 0 bytes"):
        build_virtual_app(MODEL, "ptq_int8", tmp_path, arena_bytes=0)


def flash_with(image: bytes) -> Flash:
    flash = Flash()
    flash.program(APP_OFFSET, image)
    return flash


@pytest.mark.parametrize(("content", "name"), [(b"", "x"), (bytes(4 << 20), "x"), (b"m", "v" * 32)])
def test_what_does_not_fit_is_an_input_error(content: bytes, name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        build_virtual_app(content, name, tmp_path)
    assert list(tmp_path.iterdir()) == []
