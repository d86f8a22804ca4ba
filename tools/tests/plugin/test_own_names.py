"""A team's tests may use the names of tinygate's fixtures for things of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

THEIRS = """
import pytest

@pytest.fixture
def model():
    return "theirs"

def test_a_fixture_of_their_own(model):
    assert model == "theirs"

@pytest.mark.parametrize("variant", ["theirs"])
def test_a_parameter(variant):
    assert variant == "theirs"

@pytest.mark.parametrize(("config", "margin"), [("theirs", 1)])
def test_two_parameters(config, margin):
    assert (config, margin) == ("theirs", 1)
"""
OURS = "def test_of_a_variant(variant):\n    assert variant.name\n"


def collected(folder: Path, test: str) -> list[str]:
    (folder / "conftest.py").write_text('pytest_plugins = ["tinygate.plugin"]\n')
    (folder / "test_theirs.py").write_text(test)
    models = f"--models-root={Path('models').absolute()}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:pytest_embedded", models]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([*command, "-rA"], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return [line.split("::")[1] for line in run.stdout.splitlines() if line.startswith("PASSED")]


def test_what_a_team_defines_is_left_alone(tmp_path: Path) -> None:
    assert sorted(collected(tmp_path, THEIRS)) == [
        "test_a_fixture_of_their_own", "test_a_parameter[theirs]", "test_two_parameters[theirs-1]",
    ]  # fmt: skip


def test_what_a_team_does_not_define_is_tinygates(tmp_path: Path) -> None:
    assert "test_of_a_variant[gesture-ptq_int8]" in collected(tmp_path, OURS)
