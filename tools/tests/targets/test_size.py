"""Sizes from esp-idf-size's output, and the record that a lab machine reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from tinygate.errors import InputError
from tinygate.targets.esp32.parts import kernels_of
from tinygate.targets.esp32.size import parse, sizes_of
from tinygate.targets.sizes import Part

SUMMARY: dict[str, Any] = {
    "layout": [
        {
            "name": "DRAM",
            "total": 180_736,
            "used": 81_000,
            "parts": {".bss": {"size": 70_000}, ".data": {"size": 11_000}},
        },
        {"name": "IRAM", "total": 131_072, "used": 55_000, "parts": {".text": {"size": 55_000}}},
        {"name": "Flash Code", "total": 3_342_304, "used": 120_000, "parts": {".text": {"size": 120_000}}},
    ]
}


def file_of(size: int, **memories: dict[str, int]) -> dict[str, Any]:
    """One object file as esp-idf-size tells of it."""
    kinds = {
        name.replace("_", " "): {"size": sum(sections.values()), "sections": {f".x{s}": {"size": n, "abbrev_name": f".{s}"} for s, n in sections.items()}}
        for name, sections in memories.items()
    }  # fmt: skip
    return {"abbrev_name": "x", "size": size, "memory_types": kinds}


FILES = {
    "esp-idf/main/libmain.a:main.cpp.obj": file_of(2_000, Flash_Code={"text": 2_000}),
    "esp-idf/tinygate/libtinygate.a:model.cpp.obj": file_of(90_000, Flash_Data={"rodata": 89_900}, DRAM={"bss": 100}),
    "esp-idf/tinygate/libtinygate.a:service.cpp.obj": file_of(
        900, Flash_Code={"text": 800}, DRAM={"bss": 60, "data": 40}
    ),
    "esp-idf/esp-tflite-micro/libesp-tflite-micro.a:conv.cc.obj": file_of(700, Flash_Code={"text": 700}),
    "esp-idf/espressif__esp-tflite-micro/libespressif__esp-tflite-micro.a:micro_log.cc.obj": file_of(
        50, Flash_Code={"text": 50}
    ),
    "esp-idf/esp-nn/libesp-nn.a:esp_nn_conv.c.obj": file_of(300, IRAM={"text": 300}),
}
KERNELS = frozenset({"conv.cc.obj"})


def test_static_ram_is_data_not_code() -> None:
    assert parse(SUMMARY, FILES).static_ram_bytes == 81_000


def test_components_come_largest_first() -> None:
    assert list(parse(SUMMARY, FILES).components)[:2] == ["libtinygate.a", "libmain.a"]


def test_each_part_is_told_by_archive_and_kernels_by_their_sources() -> None:
    assert parse(SUMMARY, FILES, KERNELS).parts == {
        "model": Part(89_900, 100),
        "interpreter": Part(50, 0),
        "kernels": Part(1_000, 0),
        "tinygate": Part(840, 100),
    }


def test_a_build_that_does_not_tell_its_sources_says_nothing_of_parts(tmp_path: Path) -> None:
    assert not kernels_of(tmp_path)
    assert not parse(SUMMARY, FILES, kernels_of(tmp_path)).parts
    commands = [{"file": "/esp-tflite-micro/tensorflow/lite/micro/kernels/esp_nn/conv.cc"}, {"file": "/main/main.c"}]
    (tmp_path / "compile_commands.json").write_text(json.dumps(commands))
    assert kernels_of(tmp_path) == KERNELS


def test_what_is_left_for_the_application_is_said() -> None:
    assert "5,000 bytes, 176,144 of 262,144 bytes of RAM are left" in parse(SUMMARY, FILES).left_of(256 * 1024, 5000)


def test_a_recorded_size_needs_neither_map_nor_tool(tmp_path: Path) -> None:
    record = {"memories": [{"name": "DRAM", "used_bytes": 5, "total_bytes": 9, "sections": {}}], "components": {}}
    (tmp_path / "tinygate_sizes.json").write_text(json.dumps(record))
    assert sizes_of(tmp_path).static_ram_bytes == 5


def test_nothing_to_measure_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="map file"):
        sizes_of(tmp_path)
