"""A model that keeps state, brought and gated: green with resets, red on a board that forgets to reset, and where."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from stateful_models import moving_sum

from tinygate.oracle import oracle

ROOT = Path(__file__).parents[3]
WINDOWS, EACH = 40, 10
FORGETFUL = """
from tinygate.virtual.interpreter import Interpreter

reset = Interpreter.reset


def once(self):
    if not vars(self).setdefault("_was_reset", False):
        self._was_reset = True
        reset(self)


Interpreter.reset = once
"""
pytestmark = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")


def tinygate(*arguments: object, patches: Path | None = None) -> tuple[int, str]:
    command = [sys.executable, "-c", "from tinygate.cli.main import main; main()", *map(str, arguments)]
    environment = os.environ | ({"PYTHONPATH": str(patches)} if patches else {})
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=200)
    return run.returncode, run.stdout + run.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "x.tflite").write_bytes(moving_sum())
    windows = np.random.default_rng(0).normal(size=(WINDOWS, 1, 1)).astype(np.float32)
    np.savez(tmp_path / "x.npz", test_inputs=windows, test_recordings=np.arange(WINDOWS) // EACH)
    files = ("--variant", f"float32={tmp_path / 'x.tflite'}", "--data", tmp_path / "x.npz")
    code, said = tinygate("add", "stream", *files, "--models-root", tmp_path / "models")
    assert code == 0, said
    toml = tmp_path / "models" / "stream" / "model.toml"
    toml.write_text(toml.read_text().replace('state = "none"', 'state = "recording"'))
    return tmp_path


def gate(root: Path, patches: Path | None = None) -> tuple[int, str]:
    where = ("--models-root", root / "models", "--report-dir", root / "report")
    return tinygate("gate", "--board", "virtual", *where, patches=patches)


def test_state_is_reset_before_each_recording(root: Path) -> None:
    code, said = gate(root)
    assert code == 0, said
    assert "bit-exact" in said


def test_a_board_that_does_not_reset_is_red_from_the_second_recording_on(root: Path) -> None:
    (root / "patches").mkdir()
    (root / "patches" / "sitecustomize.py").write_text(FORGETFUL)
    code, said = gate(root, root / "patches")
    assert code == 1, said
    assert f"the first is window {EACH}: board" in said


def test_scattered_recordings_are_a_sentence_with_file_and_array(root: Path) -> None:
    folder = root / "models" / "stream"
    windows = np.load(folder / "data.npz")["test_inputs"]
    np.savez(folder / "data.npz", test_inputs=windows, test_recordings=np.arange(WINDOWS) % 4)
    code, said = tinygate("pin", folder)
    assert (code, said.count("\n")) == (2, 1), said
    assert "data.npz: test_recordings: the windows of a recording are not one after the other" in said
