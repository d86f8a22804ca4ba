"""A rack of virtual boards on this machine, where labgrid's environment is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygate.errors import LabError
from tinygate.lab.client import labgrid_python
from tinygate.lab.up import Rack

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def labgrid() -> Path:
    """The interpreter of labgrid's environment."""
    try:
        return labgrid_python(ROOT)
    except LabError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def rack(labgrid: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rack]:
    """Two boards, and what serves them."""
    with Rack(labgrid, 0, 2, tmp_path_factory.mktemp("rack")) as up:
        yield up


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one small model."""
    shutil.copy(ROOT / "conftest.py", tmp_path)
    shutil.copy(ROOT / "pytest.ini", tmp_path)
    for suite in ("tests_host", "tests_target"):
        shutil.copytree(ROOT / suite, tmp_path / suite)
    shutil.copytree(ROOT / "models" / "sine", tmp_path / "models" / "sine")
    return tmp_path
