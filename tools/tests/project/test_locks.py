"""Every lock holds what its list asks for: a name that was added to a list and not resolved fails on a fresh machine alone."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]

REQUIREMENTS = ROOT / "requirements"


def asked(path: Path) -> set[str]:
    """Names in a requirements list, with those of the lists that it includes."""
    names: set[str] = set()
    for line in path.read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            names |= asked(path.parent / line.removeprefix("-r ").strip())
        elif line and not line.startswith("-"):
            names.add(canonical(Requirement(line).name))
    return names


def locked(path: Path) -> set[str]:
    return {
        canonical(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", path.read_text(), re.MULTILINE)
    }


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("source", sorted(REQUIREMENTS.glob("*.in")), ids=lambda path: path.stem)
def test_a_lock_holds_all_that_its_list_asks_for(source: Path) -> None:
    missing = asked(source) - locked(source.with_suffix(".lock"))
    assert not missing, f"{source.name} asks for {', '.join(sorted(missing))}: run `make lock`"


def test_what_an_environment_installs_includes_what_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {
        canonical(Requirement(line).name) for line in project["dependencies"] + project["optional-dependencies"]["gate"]
    }
    for name in ("gate", "train"):
        missing = needed - locked(REQUIREMENTS / f"{name}.lock")
        assert not missing, f"{name}.lock lacks {', '.join(sorted(missing))}"
