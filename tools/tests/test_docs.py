"""The documentation: builds without a warning; what is made from code is as the code makes it; the tutorial's lines run."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tinygate.model import manual
from tinygate.model.config import ModelConfig

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    build = [sys.executable, "-W", "ignore", "-m", "mkdocs", "build", "--strict", "-d", str(tmp_path / "site")]
    run = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr


def test_every_page_is_in_the_navigation() -> None:
    named = set(re.findall(r": ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert named == {path.name for path in DOCS.glob("*.md")}


def test_the_reference_of_model_toml_is_as_the_code_makes_it() -> None:
    page = (DOCS / "model-toml.md").read_text(encoding="utf-8")
    assert page == manual.manual(), "run python -m tinygate.model.manual > docs/model-toml.md"
    assert all(f"| `{key}` |" in page for key in ModelConfig.model_fields)


@pytest.mark.parametrize("line", re.findall(r"```sh\n(.*?)```", (DOCS / "tutorial.md").read_text(), re.DOTALL))
def test_the_tutorials_commands_are_those_that_a_team_runs(line: str) -> None:
    team = (ROOT / "tools/tests/project/test_team.py").read_text()
    for command in line.splitlines():
        first = command.split()[1]
        assert f'"{first}"' in team, command
