"""A team's machine, and what a team brings to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from machine import Machine

from tinygate.model.folder import load_model

ROOT = Path(__file__).parents[3]
WINDOWS = 40


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wheels = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return next(wheels.glob("*.whl"))


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine") / "venv", wheel)


@pytest.fixture(scope="session")
def brought(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options of `tinygate add`: the gesture model's int8 variant and some windows, as somebody would bring them."""
    folder = tmp_path_factory.mktemp("brought")
    gesture = load_model(ROOT / "models" / "gesture")
    (folder / "a.tflite").write_bytes(gesture.variant("ptq_int8").content)
    test = gesture.dataset.test
    np.savez(folder / "eval.npz", test_inputs=test.inputs[:WINDOWS], test_labels=test.labels[:WINDOWS])
    return ["--variant", f"ptq_int8={folder / 'a.tflite'}", "--data", f"{folder / 'eval.npz'}"]


@pytest.fixture
def succeed(machine: Machine) -> Callable[[Sequence[str], Path], str]:
    """Runs a command that must end with 0; returns what it printed."""

    def run(command: Sequence[str], folder: Path) -> str:
        ended = machine.run(command, folder)
        assert ended.returncode == 0, f"{command}: {ended.returncode}\n{ended.stdout[-4000:]}"
        return ended.stdout

    return run
