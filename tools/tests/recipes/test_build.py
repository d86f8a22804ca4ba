"""An artifacts folder is replaced as a whole or left alone; pinned weights are proven before use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.errors import ModelFileError
from tinygate.model.manifest import load_manifest
from tinygate.model.pinning import count_parameters
from tinygate.recipes import build
from tinygate.tflite import read_model

PINNED = Path(__file__).parents[3] / "models" / "gesture" / "artifacts"
MANIFEST = load_manifest(PINNED / "manifest.json")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_new_artifacts_replace_all_old_ones(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / "gone.tflite").write_bytes(b"old")
    build.write_artifacts(folder, build.Artifacts({"new.tflite": b"new"}, MANIFEST))
    assert contents(folder).keys() == {"new.tflite", "manifest.json"}
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]


def test_an_interrupted_build_leaves_the_old_artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "artifacts"
    build.write_artifacts(folder, build.Artifacts({"a.tflite": b"old"}, MANIFEST))
    before = contents(folder)
    with pytest.raises(TypeError):  # the second file cannot be written
        build.write_artifacts(folder, build.Artifacts({"a.tflite": b"new", "b": None}, MANIFEST))  # type: ignore[dict-item]
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["artifacts"]


def test_pinned_weights_are_found_and_named() -> None:
    weights = build.load_pinned_weights(PINNED, MANIFEST)
    assert weights.keys() == {"float_weights", "qat_weights"}
    assert "conv1/kernel" in weights["float_weights"]


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    for path in PINNED.glob("*.npz"):
        (tmp_path / path.name).write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelFileError, match=r"_weights\.npz is not the file"):
        build.load_pinned_weights(tmp_path, MANIFEST)


def test_parameters_counted_are_those_trained() -> None:
    weights = build.load_pinned_weights(PINNED, MANIFEST)["float_weights"]
    content = (PINNED / "ptq_int8.tflite").read_bytes()
    assert count_parameters(content) == sum(array.size for array in weights.values())


def test_int8_variants_use_only_operators_a_microcontroller_runs() -> None:
    known = {"CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED", "SOFTMAX"}
    for name in ("ptq_int8", "qat_int8"):
        model = read_model((PINNED / f"{name}.tflite").read_bytes())
        assert {operator.name for operator in model.subgraphs[0].operators} <= known
