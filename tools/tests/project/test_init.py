"""`tinygate init` makes what is missing, overwrites nothing, and says what a team must add itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.cli.main import main
from tinygate.project.scaffold import CI_SYSTEMS, PLUGIN_LINE, Step, init


def steps_of(root: Path, ci: str = "") -> dict[str, Step]:
    return {step.path: step for step in init(root, "0.1.0", ci)}


def contents(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_an_empty_folder_becomes_a_project_of_a_few_lines(tmp_path: Path) -> None:
    assert all(step.made for step in steps_of(tmp_path).values())
    made = contents(tmp_path)
    assert set(made) == {
        ".gitignore", "conftest.py", "models/.gitkeep", "pytest.ini", "tests_host/test_model.py",
        "tests_target/conftest.py", "tests_target/test_firmware.py",
    }  # fmt: skip
    assert all(len(text.splitlines()) <= 6 for text in made.values())


@pytest.mark.parametrize("ci", ["", *CI_SYSTEMS])
def test_a_second_time_changes_nothing(ci: str, tmp_path: Path) -> None:
    steps_of(tmp_path, ci)
    before = contents(tmp_path)
    assert not any(step.made or step.note for step in steps_of(tmp_path, ci).values())
    assert contents(tmp_path) == before


def test_what_a_team_has_is_left_alone_and_the_line_to_add_is_said(tmp_path: Path) -> None:
    own = {
        "conftest.py": "import os\n",
        "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'\n[tool.tinygate]\nmodels_root = 'ml'\n",
        ".gitlab-ci.yml": "stages: [test]\n",
        ".gitignore": "*.o",
    }
    for name, text in own.items():
        (tmp_path / name).write_text(text)
    found = steps_of(tmp_path, "gitlab")
    assert found["conftest.py"].note == f"add to it: {PLUGIN_LINE}"
    assert not found["pyproject.toml"].made
    assert found[".gitlab/tinygate.yml"].note == ".gitlab-ci.yml is yours; add to it: include: .gitlab/tinygate.yml"
    now = contents(tmp_path)
    assert {name: now[name] for name in own if name != ".gitignore"} == {
        name: text for name, text in own.items() if name != ".gitignore"
    }
    assert now[".gitignore"] == "*.o\n/report/\n/.tinygate/\n/build/\n.cache/\n__pycache__/\n.pytest_cache/\n"
    assert "pytest.ini" not in now
    assert "ml/.gitkeep" in now


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tox.ini", "[pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
        ("pyproject.toml", "[tool.pytest]\n"),
        (".pytest.ini", ""),
    ],
)
def test_pytest_settings_are_found_wherever_pytest_finds_them(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert not steps_of(tmp_path)[name].made
    assert not (tmp_path / "pytest.ini").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tests_host").write_text("a file")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["tinygate", "init"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "tests_host" in capsys.readouterr().err
