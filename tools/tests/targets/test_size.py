"""Sizes from esp-idf-size's output, and the record that a lab machine reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from tinygate.errors import InputError
from tinygate.targets.esp32.size import parse, sizes_of

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
ARCHIVES = {
    "esp-idf/main/libmain.a": {"abbrev_name": "libmain.a", "size": 2_000},
    "esp-idf/model/libmodel.a": {"abbrev_name": "libmodel.a", "size": 90_000},
}


def test_static_ram_is_data_not_code() -> None:
    assert parse(SUMMARY, ARCHIVES).static_ram_bytes == 81_000


def test_components_come_largest_first() -> None:
    assert list(parse(SUMMARY, ARCHIVES).components) == ["libmodel.a", "libmain.a"]


def test_what_is_left_for_the_application_is_said() -> None:
    assert "5,000 bytes, 176,144 of 262,144 bytes of RAM are left" in parse(SUMMARY, ARCHIVES).left_of(256 * 1024, 5000)


def test_a_recorded_size_needs_neither_map_nor_tool(tmp_path: Path) -> None:
    record = {"memories": [{"name": "DRAM", "used_bytes": 5, "total_bytes": 9, "sections": {}}], "components": {}}
    (tmp_path / "tinygate_sizes.json").write_text(json.dumps(record))
    assert sizes_of(tmp_path).static_ram_bytes == 5


def test_nothing_to_measure_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="map file"):
        sizes_of(tmp_path)
