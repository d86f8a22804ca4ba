"""`tinygate compare` as a user meets it: exit codes, JSON, and one line for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from tinygate.cli.compare import register
from tinygate.errors import TinygateError
from tinygate.model.folder import load_model

ARTIFACTS = Path("models/gesture/artifacts").absolute()
FLOAT, INT8 = str(ARTIFACTS / "float32.tflite"), str(ARTIFACTS / "ptq_int8.tflite")


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["compare", *arguments])


@pytest.fixture
def archive(tmp_path: Path) -> str:
    test = load_model(Path("models/gesture")).dataset.test
    path = tmp_path / "eval.npz"
    np.savez(path, inputs=test.inputs[::3], labels=test.labels[::3], recordings=test.recordings[::3])
    return str(path)


def test_a_sound_model_passes_with_every_layer_in_the_table(archive: str) -> None:
    result = run(FLOAT, INT8, "--data", archive, "--margin", "5")
    assert result.exit_code == 0, result.output
    assert " FULLY_CONNECTED" in result.output
    assert "PASS: accuracy lost" in result.output


def test_too_few_samples_are_inconclusive_and_say_how_many_would_do(archive: str) -> None:
    result = run(FLOAT, INT8, "--data", archive, "--samples", "40")
    assert result.exit_code == 3
    assert "samples would decide" in result.output


def test_json_holds_the_same_and_goes_to_stdout_alone(archive: str) -> None:
    result = run(FLOAT, INT8, "--data", archive, "--margin", "5", "--sensitivity", "--samples", "60", "--json", "-")
    found = json.loads(result.stdout)
    assert [layer["kind"] for layer in found["comparison"]["layers"]][:2] == ["CONV_2D", "MAX_POOL_2D"]
    assert found["sensitivity"][-1]["kind"] == "all"
    assert found["verdict"] in ("PASS", "INCONCLUSIVE")


def test_variants_are_named_through_the_model_folder(tmp_path: Path) -> None:
    result = run("float32", "ptq_int8", "--model", "models/gesture", "--samples", "30", "--json", str(tmp_path / "out"))
    assert json.loads((tmp_path / "out").read_text())["comparison"]["candidate"] == "ptq_int8"
    assert "ptq_int8 (tflm) against float32 (litert)" in result.output


def test_one_model_is_compared_between_runtimes(archive: str) -> None:
    result = run(INT8, "--data", archive, "--runtimes", "tflm,litert", "--samples", "100")
    assert result.exit_code == 1
    assert "first to differ" in result.output
    assert run(INT8, "--data", archive, "--runtimes", "tflm,tflm", "--samples", "40").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((FLOAT, INT8), "no samples to compare on"),
        (("nothing.tflite", INT8, "--model", "models/gesture"), "nothing.tflite: no readable file"),
        ((FLOAT, INT8, "--data", "nothing.npz"), "nothing.npz: cannot be read"),
        ((FLOAT, INT8, "--data", FLOAT), "not a readable .npz"),
        ((FLOAT, INT8, "--model", "models/gesture", "--runtimes", "tflm,abacus"), "'abacus' is no runtime"),
        ((FLOAT, "README.md", "--model", "models/gesture"), "README.md"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, TinygateError)
    assert sentence in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"labels": np.zeros(3)}, "no array 'inputs'"),
        ({"inputs": np.zeros((3, 50, 1, 6)), "labels": np.zeros(2, int)}, "different lengths"),
        ({"inputs": np.zeros((0, 50, 1, 6))}, "no samples"),
        ({"inputs": np.full((3, 50, 1, 6), np.nan)}, "NaN or infinity"),
        ({"inputs": np.zeros((3, 7))}, "do not fit the model's input"),
    ],
)
def test_data_that_cannot_be_used_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], sentence: str) -> None:
    np.savez(tmp_path / "eval.npz", **arrays)
    error = run(FLOAT, INT8, "--data", str(tmp_path / "eval.npz")).exception
    assert isinstance(error, TinygateError)
    assert sentence in str(error)
