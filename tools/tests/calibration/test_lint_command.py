"""`tinygate lint-data` as a user meets it: exit codes, JSON, explanations, one line for every mistake."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from tinygate.calibration.rules import RULES, manual
from tinygate.cli.lint_data import register
from tinygate.errors import TinygateError
from tinygate.model.folder import load_model

INT8 = "models/gesture/artifacts/ptq_int8.tflite"


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return CliRunner().invoke(app, ["lint-data", *arguments])


def test_the_gesture_model_passes_and_says_what_holds() -> None:
    result = run("models/gesture")
    assert result.exit_code == 0, result.output
    assert "hold: TG-D001" in result.output
    assert "0 errors" in result.output


def test_a_broken_set_fails_and_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "noise.npz", inputs=np.random.default_rng(0).normal(size=(200, 50, 1, 6)))
    result = run("models/gesture", "--representative", str(tmp_path / "noise.npz"), "--format", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {"TG-D012", "TG-D013"} <= {f["code"] for f in found["findings"] if f["severity"] == "error"}


def test_test_windows_in_the_set_are_found_through_the_command(tmp_path: Path) -> None:
    test = load_model(Path("models/gesture")).dataset.test
    np.savez(tmp_path / "leak.npz", inputs=test.inputs[:200], labels=test.labels[:200])
    result = run("models/gesture", "--representative", str(tmp_path / "leak.npz"))
    assert result.exit_code == 1
    assert "TG-D006 test-windows (error)" in result.output


def test_a_model_alone_is_judged_by_what_it_betrays() -> None:
    result = run("--tflite", INT8)
    assert result.exit_code == 0
    assert "hold: TG-D030, TG-D031, TG-D032" in result.output


def test_warnings_fail_on_request(tmp_path: Path) -> None:
    train = load_model(Path("models/gesture")).dataset.train
    np.savez(tmp_path / "few.npz", inputs=train.inputs[::19])
    arguments = ("models/gesture", "--representative", str(tmp_path / "few.npz"), "--tflite", INT8)
    assert run(*arguments, "--fail-on", "note").exit_code == 1


@pytest.mark.parametrize("code", RULES)
def test_every_rule_is_explained(code: str) -> None:
    result = run("--explain", code)
    assert result.exit_code == 0
    assert RULES[code].why in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "name a model folder"),
        (("models/nothing",), "model.toml"),
        (("--tflite", "nothing.tflite"), "nothing.tflite cannot be read"),
        (("--tflite", "README.md"), "not a well-formed .tflite"),
        (("--explain", "TG-D999"), "'TG-D999' is no rule"),
        (("models/gesture", "--representative", "nothing.npz"), "nothing.npz: cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    error = run(*arguments).exception
    assert isinstance(error, TinygateError)
    assert sentence in str(error)


def test_the_manual_is_generated_from_the_table() -> None:
    assert manual() in Path("docs/representative-data.md").read_text(encoding="utf-8")


def test_codes_are_unique_and_well_formed() -> None:
    assert all(re.fullmatch(r"TG-D\d{3}", code) for code in RULES)
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
