"""The component in an application's tree: written whole, recognized, never overwritten by accident, and self-contained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tinygate.errors import InputError
from tinygate.targets.esp32.component import differs_from_ours, write_component
from tinygate.targets.firmware import firmware_folder

MODEL = Path(__file__).parents[3] / "models" / "gesture" / "artifacts" / "ptq_int8.tflite"


@pytest.fixture
def component(tmp_path: Path) -> Path:
    folder = tmp_path / "app" / "components" / "tinygate"
    assert write_component(folder)
    return folder


def test_it_is_all_that_the_checkout_has(component: Path) -> None:
    own = firmware_folder() / "components" / "tinygate"
    names = {str(path.relative_to(own)) for path in own.rglob("*") if path.is_file()}
    written = {str(path.relative_to(component)) for path in component.rglob("*") if path.is_file()}
    assert names < written
    assert 'version: "0.' in (component / "idf_component.yml").read_text()


def test_writing_it_again_changes_nothing(component: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in component.rglob("*")}
    assert not write_component(component)
    assert {path: path.stat().st_mtime_ns for path in component.rglob("*")} == times


def test_its_generator_needs_neither_package_nor_checkout(component: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-m", "tinygate.tflm.source", "--model", MODEL, "--out", tmp_path]
    subprocess.run(command, check=True, env={"PYTHONPATH": str(component / "generator")}, cwd=tmp_path)
    assert "AddConv2D" in (tmp_path / "model.cpp").read_text()
    assert not differs_from_ours(component), "what Python leaves beside its modules is no change"


def test_another_versions_component_is_replaced(component: Path) -> None:
    (component / "include" / "tinygate.h").write_text("/* of another version */")
    from tinygate.targets.esp32 import component as room

    stamp = room._sha256(room._contents_of(component))
    (component / room.STAMP).write_text(f'{{"version": "0.0.9", "sha256": "{stamp}"}}')
    assert "written by tinygate 0.0.9" in differs_from_ours(component)
    assert write_component(component)
    assert not differs_from_ours(component)


def test_what_was_changed_by_hand_is_kept_unless_it_must_go(component: Path) -> None:
    (component / "Kconfig").write_text("mine")
    assert "Kconfig" in differs_from_ours(component)
    with pytest.raises(InputError, match="changed since tinygate wrote it"):
        write_component(component)
    assert (component / "Kconfig").read_text() == "mine"
    assert write_component(component, force=True)
    assert not differs_from_ours(component)


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "main.c").touch()
    with pytest.raises(InputError, match="not empty, and no component"):
        write_component(tmp_path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["main.c"]
