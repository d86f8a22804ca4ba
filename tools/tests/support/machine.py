"""A team's machine: a virtual environment with tinygate's wheel in it, and the packages of its extras, from here."""

from __future__ import annotations

import os
import subprocess
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

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

    def shell(self, line: str, folder: Path, **environment: str) -> Run:
        """Run a line of a CI file; standard error is joined to standard output."""
        command = ["bash", "-euo", "pipefail", "-c", line]
        variables = self.environment | environment
        pipe = subprocess.PIPE
        return subprocess.run(
            command, cwd=folder, env=variables, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False
        )
