"""A team's repository, from a wheel: init, add, both suites, gate; and the same where pytest has settings already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from machine import Machine
from repositories import commit_all, git

from tinygate.project.scaffold import PLUGIN_LINE

TARGET = ["pytest", "-q", "tests_target", "--target", "esp32", "--board", "virtual"]
Succeed = Callable[[Sequence[str], Path], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Müllers Gerät"
    made.mkdir()
    return made


def test_an_empty_folder_is_green_in_four_commands(folder: Path, succeed: Succeed, brought: list[str]) -> None:
    assert "pytest.ini" in succeed(["tinygate", "init"], folder)
    assert "made models/mine" in succeed(["tinygate", "add", "mine", *brought], folder)
    commit_all(folder)
    succeed(["pytest", "-q", "tests_host"], folder)
    assert "passed" in succeed(TARGET, folder)
    assert "verdict: PASS" in succeed(["tinygate", "gate"], folder)
    assert (folder / "report" / "summary.md").read_text().startswith("## tinygate: PASS")
    assert git("status", "--porcelain", folder=folder) == ""  # what runs leave behind is ignored


SETTINGS = """\
[tool.pytest.ini_options]
addopts = "--strict-markers --strict-config --import-mode=importlib -ra"
testpaths = ["tests"]
filterwarnings = ["error"]
xfail_strict = true
[tool.tinygate]
models_root = "ml/models"
report_dir = "out/report"
"""


def test_a_repository_with_settings_of_its_own_is_green_too(folder: Path, succeed: Succeed, brought: list[str]) -> None:
    (folder / "pyproject.toml").write_text(SETTINGS)
    (folder / "conftest.py").write_text("import pytest\n\n@pytest.fixture\ndef ours() -> int:\n    return 1\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_ours.py").write_text("def test_ours(ours: int) -> None:\n    assert ours\n")
    said = succeed(["tinygate", "init"], folder)
    assert f"conftest.py is yours and was left alone; add to it: {PLUGIN_LINE}" in said
    (folder / "conftest.py").write_text(f"{PLUGIN_LINE}\n" + (folder / "conftest.py").read_text())
    succeed(["tinygate", "add", "mine", *brought], folder)
    assert (folder / "ml" / "models" / "mine" / "model.toml").is_file()
    succeed(["pytest", "-q"], folder)
    succeed(["pytest", "-q", "tests_host"], folder)
    assert "verdict: PASS" in succeed(["tinygate", "gate", "--board", "virtual"], folder)
    assert (folder / "out" / "report" / "junit.xml").is_file()
    assert not (folder / "report").exists()


def test_the_doctor_finds_a_machine_that_can_gate(tmp_path: Path, succeed: Succeed) -> None:
    assert "the host suite and the virtual board can run here" in succeed(["tinygate", "doctor"], tmp_path)


def test_no_project_is_told_of_init(tmp_path: Path, machine: Machine) -> None:
    ended = machine.run(["tinygate", "gate"], tmp_path)
    assert ended.returncode == 2
    assert "no tests_host here" in ended.stdout
    assert "tinygate init" in ended.stdout
