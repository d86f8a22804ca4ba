"""What is pinned is checked or refused by name; what never ends is ended."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tinygate.errors import InputError, ModelFileError
from tinygate.model.folder import Model

ROOT = Path(__file__).parents[3]


@pytest.fixture
def gesture(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "models" / "gesture", tmp_path / "gesture", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "gesture"


def manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "artifacts" / "manifest.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda m: m["dataset"]["test"].update(windows=1), r"dataset\.test is .*windows=1"),
        (lambda m: m["dataset"]["class_names"].reverse(), r"dataset\.class_names is"),
        (lambda m: m["dataset"]["test"]["subjects"].pop(), r"dataset\.test is"),
        (lambda m: m.update(recipe_sha256="0" * 64), r"recipe_sha256 is 000000000000…, that of .*recipe\.py"),
        (lambda m: m["dataset"].update(sha256="0" * 64), "the data set's sha256"),
    ],
)
def test_a_manifest_that_was_edited_is_an_input_error(
    gesture: Path, change: Callable[[dict[str, Any]], object], named: str
) -> None:
    manifest(gesture, change)
    with pytest.raises(InputError, match=named):
        _ = Model(gesture).dataset


def test_a_size_that_is_not_the_files_is_an_input_error(gesture: Path) -> None:
    manifest(gesture, lambda m: m["variants"]["ptq_int8"].update(bytes=7))
    with pytest.raises(ModelFileError, match=r"variants\.ptq_int8\.bytes is 7, the pinned file has \d+"):
        _ = Model(gesture).variant("ptq_int8").content


@pytest.mark.parametrize("what", ["artifacts/ptq_int8.tflite", "artifacts/manifest.json"])
def test_a_pipe_is_no_file(gesture: Path, what: str) -> None:
    (gesture / what).unlink()
    os.mkfifo(gesture / what)
    with pytest.raises(ModelFileError, match="a named pipe"):
        _ = Model(gesture).variant("ptq_int8").content


def test_an_endless_device_is_no_file(gesture: Path) -> None:
    path = gesture / "artifacts" / "ptq_int8.tflite"
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(ModelFileError, match="a device"):
        _ = Model(gesture).variant("ptq_int8").content
