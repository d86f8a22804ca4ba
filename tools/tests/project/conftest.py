"""A team's machine: a virtual environment with tinygate's wheel in it, and the packages of its extras, from here."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from tinygate.model.folder import load_model

ROOT = Path(__file__).parents[3]
WINDOWS = 40

Run = subprocess.CompletedProcess[str]


class Machine:
    """Runs commands of the environment, and nothing of the checkout."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.programs = folder / "bin"
        venv.create(folder, with_pip=True)
        install = [self.programs / "python", "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel]
        subprocess.run(install, check=True, env=self.environment)
        packages = next(folder.glob("lib/python*/site-packages"))
        # A plain line, not site.addsitedir: the checkout's editable install is not followed.
        (packages / "extras.pth").write_text(sysconfig.get_path("purelib"))
        program = self.programs / "pytest"
        program.write_text(f"#!{self.programs / 'python'}\nimport sys, pytest\nsys.exit(pytest.console_main())\n")
        program.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "TINYGATE"))
        }
        path = os.pathsep.join([str(self.programs), os.environ["PATH"]])
        return {**kept, "PATH": path, "PIP_NO_INDEX": "1", "COLUMNS": "200"}

    def run(self, command: Sequence[str | Path], folder: Path) -> Run:
        """Run `tinygate …`, `pytest …` in a folder; standard error is joined to standard output."""
        with_program = [self.programs / command[0], *command[1:]]
        pipe = subprocess.PIPE
        return subprocess.run(
            with_program,
            cwd=folder,
            env=self.environment,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def shell(self, line: str, folder: Path) -> Run:
        """Run a line of a CI file."""
        command = ["bash", "-euo", "pipefail", "-c", line]
        return subprocess.run(command, cwd=folder, env=self.environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    wheels = tmp_path_factory.mktemp("wheels")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(wheels), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return Machine(tmp_path_factory.mktemp("machine") / "venv", next(wheels.glob("*.whl")))


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
