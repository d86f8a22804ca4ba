"""`tinygate init`: the few files that make a folder a tinygate project. Nothing that is there is overwritten.

A file with a place of its own is written; what would have to go into a file of the team's is said as the line to add.
"""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tinygate.errors import InputError
from tinygate.project.settings import settings_of, tool_table

CI_SYSTEMS = ("github", "gitlab", "jenkins")
PLUGIN_LINE = 'pytest_plugins = ["tinygate.plugin"]'
_IGNORED = ("/.tinygate/", "/build/", ".cache/", "__pycache__/", ".pytest_cache/")
_SUITES = {
    "tests_host/test_model.py": "from tinygate.suites.host import *",
    "tests_target/conftest.py": "from tinygate.plugin.target import *",
    "tests_target/test_firmware.py": "from tinygate.suites.target import *",
}
_CI_FILES = {
    "github": (".github/workflows/tinygate.yml", "", ""),
    "gitlab": (".gitlab-ci.yml", ".gitlab/tinygate.yml", "include: .gitlab/tinygate.yml"),
    "jenkins": ("Jenkinsfile", "Jenkinsfile.tinygate", ""),
}
"""System → its file, where it goes when that is taken, and what the team's own file then needs."""


@dataclass(frozen=True)
class Step:
    """One file: whether it was made (or lines were added), or left alone and why.

    Attributes:
        path: relative to the project.
        made: whether anything was written.
        note: why it was left alone, or what to add to it; "" if there is nothing to say.
    """

    path: str
    made: bool
    note: str = ""


def init(root: Path, version: str, ci: str = "") -> list[Step]:
    """Make `root` a project, as far as it is none.

    Args:
        root: an existing folder, empty or not.
        version: of tinygate, which the CI job installs.
        ci: one of CI_SYSTEMS, or "" for no job.

    Raises:
        InputError: a file cannot be written, or pyproject.toml cannot be read.
    """
    try:
        return list(_steps(root, version, ci))
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be written ({error.strerror}); nothing after it was made"
        ) from error


def _steps(root: Path, version: str, ci: str) -> Iterator[Step]:
    settings = settings_of(root)
    yield _file(root, "conftest.py", _template("conftest.py"), PLUGIN_LINE)
    yield _pytest_settings(root)
    for path, line in _SUITES.items():
        yield _file(root, path, _template(path.replace("/", ".")), line)
    models = settings.models_root.as_posix()
    yield Step(f"{models}/", False) if (root / models).is_dir() else _file(root, f"{models}/.gitkeep", "", "")
    yield _gitignore(root, (f"/{settings.report_dir.as_posix()}/", *_IGNORED))
    if ci:
        yield _file(root, "requirements-gate.txt", _template("requirements.txt", version=version), "tinygate[")
        yield _ci_file(root, ci, settings.report_dir.as_posix())


def _ci_file(root: Path, ci: str, report: str) -> Step:
    path, elsewhere, include = _CI_FILES[ci]
    text = _template(f"{ci}.ci", report=report)
    first = _file(root, path, text, "tinygate gate")
    if first.made or not first.note or not elsewhere:
        return first
    second = _file(root, elsewhere, text, "tinygate gate")
    return Step(second.path, second.made, f"{path} is yours; add to it: {include}" if include else "")


def _file(root: Path, path: str, text: str, line: str) -> Step:
    """Write a file unless it is there; then it must hold `line`, or the reader is told to add it."""
    target = root / path
    if target.exists():
        lacks = line and line not in target.read_text(encoding="utf-8", errors="replace")
        return Step(path, False, f"add to it: {line}" if lacks else "")
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return Step(path, True)


def _pytest_settings(root: Path) -> Step:
    for name in ("pytest.ini", ".pytest.ini"):
        if (root / name).exists():
            return Step(name, False)
    pyproject = root / "pyproject.toml"
    if pyproject.is_file() and "pytest" in tool_table(pyproject):
        return Step("pyproject.toml", False)
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        parser = configparser.RawConfigParser()
        if parser.read(root / name, encoding="utf-8") and parser.has_section(section):
            return Step(name, False)
    return _file(root, "pytest.ini", _template("pytest.ini"), "")


def _gitignore(root: Path, lines: tuple[str, ...]) -> Step:
    path = root / ".gitignore"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    missing = [line for line in lines if line not in before.splitlines()]
    if not missing:
        return Step(".gitignore", False)
    gap = "" if not before or before.endswith("\n") else "\n"
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(gap + "\n".join(missing) + "\n")
    return Step(".gitignore", True, f"added {', '.join(missing)}")


def _template(name: str, **values: str) -> str:
    text = (files("tinygate.project") / "templates" / f"{name}.template").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text
