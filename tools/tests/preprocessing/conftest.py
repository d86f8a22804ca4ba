"""What the tests of generated C need of the machine."""

from __future__ import annotations

import shutil

import pytest


@pytest.fixture(scope="session")
def compiler() -> None:
    if not shutil.which("gcc") or not shutil.which("g++"):
        pytest.fail("gcc and g++ are not here: generated C cannot be tested; install them")
