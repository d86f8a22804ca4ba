"""pytest-embedded as tinygate wants it: fixtures of its own, overridden; a pytest plugin.

Its automatic fixtures resolve every option of every service for each test of a session (8 ms, and a warning since
pytest 9) and start two processes; tests that drive no board are spared that. tests_target/conftest.py takes
`parametrize_fixtures` back for the tests that do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from tinygate.board.log import BootLog
from tinygate.board.port import read_emulators_directly


@pytest.fixture(autouse=True)
def parametrize_fixtures() -> None:
    """Resolve nothing: no board is driven."""


@pytest.fixture(scope="session", autouse=True)
def _mp_manager() -> None:
    """Start no process: consoles are written to files; see board/log.py."""


@pytest.fixture(scope="session", autouse=True)
def _stdout_lock() -> None:
    """Lock nothing: no console is copied to standard output."""


@pytest.fixture
def boot_log(test_case_tempdir: str) -> BootLog:
    """Where board and flashing tool print to."""
    return BootLog(Path(test_case_tempdir, "console.log"), Path(test_case_tempdir, "esptool.log"))


@pytest.fixture
def msg_queue(boot_log: BootLog) -> BootLog:
    """Write to the log directly; nothing else reads what an emulator prints."""
    read_emulators_directly()
    return boot_log


@pytest.fixture
def _pexpect_fr(boot_log: BootLog) -> Iterator[BinaryIO]:
    """Read from the log; no process listens in between."""
    boot_log.begin()
    with boot_log.console.open("rb") as reader:
        yield reader


@pytest.fixture(scope="session")
def port_target_cache() -> dict[str, str]:
    """Remember no boards of earlier sessions."""
    return {}


@pytest.fixture
def port_serial_number() -> None:
    """Look for no port: `port` has found it."""


@pytest.fixture
def port_mac() -> None:
    """Ask the application for its MAC; pytest-embedded would ask esptool in words that esptool 5 does not know."""


@pytest.fixture
def skip_regenerate_image() -> bool:
    """Make QEMU's image here; pytest-embedded would call whichever esptool.py is on PATH: ESP-IDF's, an older one."""
    return True
