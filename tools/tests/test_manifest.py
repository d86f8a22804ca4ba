"""A manifest is read strictly, written repeatably, and knows when the recipe has moved on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tinygate.errors import ModelFileError
from tinygate.model.manifest import load_manifest, recipe_sha256, save_manifest

GESTURE = Path(__file__).parents[2] / "models" / "gesture"
PINNED = GESTURE / "artifacts" / "manifest.json"


def altered(tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = json.loads(PINNED.read_text())
    change(content)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(content))
    return path


def test_writing_what_was_read_gives_the_same_bytes(tmp_path: Path) -> None:
    save_manifest(tmp_path / "manifest.json", load_manifest(PINNED))
    assert (tmp_path / "manifest.json").read_bytes() == PINNED.read_bytes()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda m: m.update(comment="x"), "comment"),
        (lambda m: m.pop("recipe_sha256"), "recipe_sha256"),
        (lambda m: m.update(schema_version=1), "schema_version"),
        (lambda m: m.update(seed="7"), "seed"),
        (lambda m: m["variants"]["ptq_int8"].update(sha256="xyz"), "variants.ptq_int8.sha256"),
        (lambda m: m["variants"]["ptq_int8"].update(file="../x"), "variants.ptq_int8.file"),
        (lambda m: m["variants"]["ptq_int8"].update(value="87"), "variants.ptq_int8.value"),
        (lambda m: m["dataset"]["train"]["subjects"].append(8), "more than one part"),
        (lambda m: m["calibration"].update(samples=[]), "calibration.samples"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: Callable[[dict[str, Any]], object], complaint: str) -> None:
    path = altered(tmp_path, change)
    with pytest.raises(ModelFileError) as error:
        load_manifest(path)
    assert complaint in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"'])
def test_what_is_no_manifest_is_one_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ModelFileError, match="make models"):
        load_manifest(tmp_path / "manifest.json")


def test_a_missing_manifest_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="make models"):
        load_manifest(tmp_path / "manifest.json")


def test_recipe_and_artifacts_have_not_parted() -> None:
    assert recipe_sha256(GESTURE / "recipe.py") == load_manifest(PINNED).recipe_sha256, "run `make models`"


@pytest.mark.parametrize(("text", "same"), [("x = 1  # why\n\n", True), ("x = 2\n", False), ("y = 1\n", False)])
def test_only_what_a_recipe_says_counts(tmp_path: Path, text: str, same: bool) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text(text)
    assert (recipe_sha256(tmp_path / "a.py") == recipe_sha256(tmp_path / "b.py")) is same


def test_a_broken_recipe_is_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.py").write_text("def f(:\n")
    with pytest.raises(ModelFileError, match=r"recipe\.py"):
        recipe_sha256(tmp_path / "recipe.py")
