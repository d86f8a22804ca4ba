"""The ESP-IDF project's files agree with each other and with the models, as far as it shows without ESP-IDF."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinygate.model.folder import load_model
from tinygate.targets.esp32.idf_build import LEAST_ARENA_BYTES, MOST_ARENA_BYTES

REPOSITORY = Path(__file__).parents[3]
FIRMWARE = REPOSITORY / "firmware"
COMPONENT = FIRMWARE / "components" / "tinygate"


@pytest.mark.parametrize("folder", sorted(REPOSITORY.glob("models/*/")), ids=lambda folder: folder.name)
def test_every_variant_for_boards_has_its_configuration(folder: Path) -> None:
    for variant in load_model(folder).target_variants:
        text = (FIRMWARE / f"sdkconfig.ci.{variant.name}").read_text()
        assert text == f'CONFIG_TINYGATE_VARIANT="{variant.name}"\n'


def test_the_build_knows_the_sizes_that_the_configuration_takes() -> None:
    text = (COMPONENT / "Kconfig").read_text()
    assert f"range {LEAST_ARENA_BYTES} {MOST_ARENA_BYTES}\n" in text


def test_every_dependency_is_pinned() -> None:
    manifest = (COMPONENT / "idf_component.yml").read_text()
    pins = dict(re.findall(r'espressif/([\w-]+):\n\s+version: "([^"]+)"', manifest))
    assert pins == {"esp-tflite-micro": "==1.4.0", "esp-nn": "==1.2.3"}


def test_every_source_is_listed() -> None:
    listed = re.findall(r"\w+/src/\w+\.cpp", (COMPONENT / "CMakeLists.txt").read_text())
    assert sorted(listed) == sorted(str(path.relative_to(COMPONENT)) for path in COMPONENT.glob("*/src/*.cpp"))


@pytest.mark.parametrize("name", ["protocol", "commands"])
def test_pure_parts_include_nothing_of_esp_idf(name: str) -> None:
    files = (COMPONENT / name).rglob("*.[ch]pp")
    quoted = {header for path in files for header in re.findall(r'#include "([^"]+)"', path.read_text())}
    assert quoted
    assert all(header.startswith("tinygate/") for header in quoted)
