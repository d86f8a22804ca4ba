"""The nightly jobs: valid by their systems' schemas, and their commands run as they stand in a fresh clone."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
import yaml
from machine import Machine
from repositories import commit_all, git

from tinygate import __version__
from tinygate.project.scaffold import CI_SYSTEMS, init

FILES = {"github": ".github/workflows/tinygate.yml", "gitlab": ".gitlab-ci.yml", "jenkins": "Jenkinsfile"}
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
GH = """#!/usr/bin/env bash
[ "$1 $2" = "run list" ] && [ "${@: -1}" = ".[0].databaseId" ] && echo 41 && exit
[ "$1 $2 $3" = "run download 41" ] && mkdir -p "${@: -1}" && echo '{"verdict": null}' > "${@: -1}/verdict.json" && exit
[ "$1 $2" = "pr comment" ] && [ "$3" = 7 ] && body="${@: -1}" && [ "$(wc -m < "$body")" -lt 65536 ] && head -1 "$body"
"""


def commands_of(ci: str, text: str) -> tuple[list[str], list[str]]:
    """The commands of the job on the virtual board, and of the one on a board in a lab."""
    if ci == "jenkins":
        every = re.findall(r"sh '(.*)'", text)
        return every[:3], every[3:]
    jobs: Any = yaml.safe_load(text)
    if ci == "gitlab":
        return jobs["tinygate-virtual"]["script"], jobs["tinygate-board"]["script"]
    virtual, board = ([s["run"] for s in jobs["jobs"][job]["steps"] if "run" in s] for job in ("virtual", "board"))
    return virtual, board


@pytest.mark.parametrize("ci", SCHEMAS)
def test_the_file_keeps_its_systems_schema(ci: str, tmp_path: Path) -> None:
    init(tmp_path, __version__, ci)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMAS[ci], str(tmp_path / FILES[ci])]
    run = subprocess.run(check, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_pipeline_is_whole(tmp_path: Path) -> None:
    init(tmp_path, __version__, "jenkins")
    text = re.sub(r"//.*|'[^']*'", "", (tmp_path / "Jenkinsfile").read_text())
    assert text.count("{") == text.count("}")
    for section in ("pipeline", "agent", "triggers", "stages", "steps", "post"):
        assert re.search(rf"\b{section}\b", text), section


@pytest.fixture
def clone(tmp_path: Path, machine: Machine, brought: list[str]) -> Path:
    """A repository with every system's job and one model, cloned."""
    source, clone = tmp_path / "Ürsprung", tmp_path / "a clone"
    source.mkdir()
    for ci in CI_SYSTEMS:
        init(source, __version__, ci)
    assert machine.run(["tinygate", "add", "mine", *brought], source).returncode == 0
    commit_all(source)
    git("clone", "-q", str(source), str(clone), folder=tmp_path)
    return clone


@pytest.mark.parametrize("ci", CI_SYSTEMS)
def test_its_commands_run_as_they_stand(ci: str, clone: Path, machine: Machine, wheel: Path, tmp_path: Path) -> None:
    virtual, board = commands_of(ci, (clone / FILES[ci]).read_text())
    if ci == "jenkins":
        Machine(clone / ".venv", wheel)  # `python3 -m venv .venv` keeps what is there: no index is asked here
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    path = f"{tmp_path}:{machine.environment['PATH']}"
    variables = {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "shown.md"), "NUMBER": "7"}
    variables |= {"BASE": "main"} if ci == "github" else {}
    printed = [machine.shell(command, clone, **variables) for command in virtual]
    assert [run.returncode for run in printed] == [0] * len(virtual), "\n".join(run.stdout[-2000:] for run in printed)
    assert any("verdict: PASS" in run.stdout for run in printed)
    assert any("that run ended without a verdict" in run.stdout for run in printed) == (ci == "github")
    assert ET.parse(clone / "report" / "junit.xml").getroot().findall("testsuite")
    gate = next(command for command in board if "tinygate gate" in command)
    if ci == "jenkins":
        missing = machine.shell(gate, clone, TINYGATE_CHIP="esp32", TINYGATE_BOARD_SERIAL="A50285BI")
        assert (missing.returncode, "A50285BI" in missing.stdout) == (2, True), missing.stdout
