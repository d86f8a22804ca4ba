"""`tinygate add`: a whole model folder or none, budgets at what was measured, and one sentence for every mistake."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.cli.main import main
from tinygate.model.folder import Model, load_model

ARTIFACTS = Path("models/gesture/artifacts").absolute()
FLOAT, INT8 = ARTIFACTS / "float32.tflite", ARTIFACTS / "ptq_int8.tflite"


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    test = load_model(Path("models/gesture")).dataset.test
    np.savez(tmp_path / "eval.npz", test_inputs=test.inputs[:40], test_labels=test.labels[:40])
    return tmp_path / "eval.npz"


def tinygate(*arguments: object) -> int:
    sys.argv = ["tinygate", *map(str, arguments)]
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def add(npz: Path, *options: object, name: str = "mine", variants: tuple[str, ...] = ()) -> int:
    named = variants or (f"float32={FLOAT}", f"ptq_int8={INT8}")
    given = [option for variant in named for option in ("--variant", variant)]
    return tinygate("add", name, *given, "--data", npz, "--models-root", npz.parent / "models", *options)


def left_behind(npz: Path) -> list[str]:
    root = npz.parent / "models"
    return [path.name for path in root.iterdir()] if root.exists() else []


def test_a_model_is_made_pinned_and_budgeted(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(npz) == 0
    model = Model(npz.parent / "models" / "mine")
    assert set(model.manifest.variants) == {"float32", "ptq_int8"}
    budgets = {figure.name: limit for figure, limit in model.config.budgets_of("host", "ptq_int8")}
    assert budgets["tflite_bytes"] == int(1.1 * len(INT8.read_bytes()))
    assert budgets["accuracy_percent"] == pytest.approx(
        0.9 * (model.manifest.variants["ptq_int8"].value or 0), rel=1e-3
    )
    assert {f.name for f, _ in model.config.budgets_of("esp32-virtual", "ptq_int8")} == {"arena_used_bytes"}
    assert "+ 10 %" in model.config_path.read_text()
    assert f"next: tinygate gate --model mine --models-root {npz.parent / 'models'}" in capsys.readouterr().out
    assert left_behind(npz) == ["mine"]


def test_without_labels_agreement_is_budgeted(npz: Path) -> None:
    np.savez(npz, test_inputs=np.load(npz)["test_inputs"])
    assert add(npz) == 0
    config = Model(npz.parent / "models" / "mine").config
    assert {f.name for f, _ in config.budgets_of("host", "ptq_int8")} == {"tflite_bytes", "agreement_percent"}
    assert {f.name for f, _ in config.budgets_of("host", "float32")} == {"tflite_bytes"}


def test_a_hybrid_variant_is_for_hosts_only(npz: Path) -> None:
    assert add(npz, variants=(f"float32={FLOAT}", f"small={ARTIFACTS / 'dynamic_range.tflite'}")) == 0
    assert [v.name for v in Model(npz.parent / "models" / "mine").target_variants] == ["float32"]


def test_an_existing_folder_is_left_alone(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (npz.parent / "models" / "mine").mkdir(parents=True)
    assert add(npz) == 2
    assert "mine: exists" in capsys.readouterr().err


INPUTS = np.zeros((4, 50, 1, 6), np.float32)


@pytest.mark.parametrize(
    ("arrays", "options", "sentence"),
    [
        ({"test_inputs": INPUTS[:, :3]}, (), r"test_inputs has windows of shape \(3, 1, 6\), variant float32 takes"),
        ({"test_inputs": INPUTS.astype(np.int64)}, (), r"test_inputs is int64, variant float32 takes float32"),
        ({"test_inputs": INPUTS, "test_labels": np.array([0, 7, 1, 1])}, (), r"test_labels: label 7, but the model tells 7"),
        ({"test_inputs": INPUTS, "test_labels": np.array([0, -1, 1, 1])}, (), r"test_labels: label -1"),
        ({"test_inputs": INPUTS, "test_labels": np.eye(7, dtype=int)[:4]}, (), r"test_labels: .*one-hot"),
        ({"test_inputs": INPUTS[:1]}, (), r"test_inputs holds 1 windows"),
        ({"test_inputs": INPUTS}, ("--class-names", "a,b"), r"2 class names, but variant float32 tells 7 classes apart"),
        ({"test_inputs": INPUTS}, ("--class-names", "a,b,c,d,e,f,g,h"), r"8 class names, but variant float32 tells 7"),
        ({"test_inputs": INPUTS}, ("--task", "guessing"), r"--task guessing: expected one of classification"),
        ({"test_inputs_a": INPUTS, "test_inputs_b": INPUTS}, (), r"test_inputs_a, test_inputs_b; variant float32 takes 1"),
        ({"inputs": INPUTS}, (), r"no array test_inputs; found: inputs"),
    ],
)  # fmt: skip
def test_data_that_do_not_fit_are_one_sentence_and_leave_nothing(
    npz: Path, arrays: dict[str, Any], options: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    np.savez(npz, **arrays)
    assert add(npz, *options) == 2
    said = capsys.readouterr().err
    assert re.search(sentence, said), said
    assert said.count("\n") == 1
    assert ".adding" not in said
    assert not left_behind(npz)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"not a model\n", "text; expected a .tflite"),
        (b"", "an empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (INT8.read_bytes()[:5000], "x.tflite: "),
        (None, "a named pipe"),
    ],
)
def test_what_is_no_tflite_is_called_what_it_is(
    npz: Path, content: bytes | None, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = npz.with_name("x.tflite")
    if content is None:
        os.mkfifo(path)
    else:
        path.write_bytes(content)
    assert add(npz, variants=(f"int8={path}",)) == 2
    said = capsys.readouterr().err
    assert what in said
    assert str(path) in said
    assert said.count("\n") == 1
    assert not left_behind(npz)


@pytest.mark.parametrize("name", ["../x", "Ä", "", "a b"])
def test_a_name_that_cannot_be_one_is_refused(npz: Path, name: str) -> None:
    assert add(npz, name=name) == 2
    assert not left_behind(npz)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import numpy\nraise ValueError('no\\nluck')\n", "recipe.py:2: importing it raised ValueError: no luck"),
        ("while True:\n    pass\n", "importing it did not end within 0.2 s"),
        ("def load_data(:\n", "recipe.py:1: not valid Python"),
        ("x = 1\n", "no function load_data()"),
        ("def load_data():\n    pass\n", "load_data() returned nothing; expected"),
        ("def load_data():\n    return 1 / 0\n", "recipe.py:2: load_data() raised ZeroDivisionError"),
        ("import sys\nsys.exit(0)\n", "importing it raised SystemExit"),
    ],
)
def test_a_recipe_that_fails_is_one_sentence(
    npz: Path, text: str, sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(npz)
    folder = npz.parent / "models" / "mine"
    (folder / "recipe.py").write_text(text)
    capsys.readouterr()
    monkeypatch.setenv("TINYGATE_RECIPE_LIMIT_S", "0.2")
    assert tinygate("pin", folder) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
