"""Building with ESP-IDF, or not: a stand-in for idf.py writes what a build leaves and counts how often it was asked."""

import json
import os

import pytest
from idf_lab import Lab

from tinygate.errors import InputError


def test_a_firmware_is_built_into_the_folder_that_names_target_and_variant(lab: Lab) -> None:
    built = lab.build()
    assert (built.folder.name, built.elf_sha256, built.built) == ("build_esp32_ptq_int8", "ab" * 32, True)


def test_the_build_is_told_target_model_and_settings(lab: Lab) -> None:
    lab.build()
    (command,) = lab.asked
    assert "-DIDF_TARGET=esp32" in command
    assert f"-DTINYGATE_MODEL={lab.root / 'model'}" in command
    assert "-DSDKCONFIG_DEFAULTS=sdkconfig.defaults;sdkconfig.ci.ptq_int8;sdkconfig.qemu;" in command


def test_the_arena_is_a_setting_and_another_size_another_firmware(lab: Lab) -> None:
    folder = lab.build().folder
    assert (folder / "sdkconfig.variant").read_text() == 'CONFIG_TINYGATE=y\nCONFIG_TINYGATE_VARIANT="ptq_int8"\n'
    assert lab.build(arena_bytes=200_000).built
    assert "CONFIG_TINYGATE_ARENA_BYTES=200000\n" in (folder / "sdkconfig.variant").read_text()
    assert not lab.build(arena_bytes=200_000).built


@pytest.mark.parametrize("arena_bytes", [0, 255, (4 << 20) + 1])
def test_an_arena_that_no_chip_has_is_refused(arena_bytes: int, lab: Lab) -> None:
    with pytest.raises(InputError, match="expected 256 to 4194304"):
        lab.build(arena_bytes=arena_bytes)


def test_nothing_is_built_when_nothing_changed(lab: Lab) -> None:
    lab.build()
    assert not lab.build().built
    assert len(lab.asked) == 1


@pytest.mark.parametrize(
    "changed",
    ["firmware/main/main.cpp", "firmware/sdkconfig.qemu", "model/artifacts/ptq_int8.tflite", "idf/version.txt"],
)
def test_a_changed_source_model_or_idf_is_built_again(lab: Lab, changed: str) -> None:
    lab.build()
    (lab.root / changed).write_text("other")
    assert lab.build().built


def test_a_build_that_failed_is_not_taken_for_done(lab: Lab) -> None:
    lab.build()
    (lab.root / "firmware/main/main.cpp").write_text("int")
    (lab.root / "build/broken").touch()
    for _ in range(2):
        with pytest.raises(InputError, match=r"ptq_int8 for esp32 does not build: main.cpp:7:1: error: expected"):
            lab.build()


def test_a_lab_machine_without_esp_idf_uses_what_was_built(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.build()
    monkeypatch.delenv("IDF_PATH")
    assert not lab.build().built
    assert not lab.build(skip_build=True).built


def test_without_esp_idf_and_without_a_build_the_sentence_says_what_to_do(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IDF_PATH")
    with pytest.raises(InputError, match="no ESP-IDF here"):
        lab.build()


def test_an_environment_that_is_not_active_is_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IDF_PYTHON_ENV_PATH")
    with pytest.raises(InputError, match=r"export\.sh"):
        lab.build()


def test_skipping_the_build_with_nothing_there_is_an_error(lab: Lab) -> None:
    with pytest.raises(InputError, match="no firmware there"):
        lab.build(skip_build=True)
    assert not lab.asked


def test_a_file_that_is_no_image_is_refused(lab: Lab) -> None:
    folder = lab.build().folder
    (folder / "tinygate.bin").write_bytes(b"short")
    with pytest.raises(InputError, match="no application image"):
        lab.build(skip_build=True)


def test_build_folders_and_generated_files_are_no_sources(lab: Lab) -> None:
    lab.build()
    os.makedirs(lab.root / "firmware/build_esp32_other")  # noqa: PTH103
    (lab.root / "firmware/build_esp32_other/x.o").write_text("object")
    (lab.root / "firmware/dependencies.lock").write_text(json.dumps({}))
    assert not lab.build().built
