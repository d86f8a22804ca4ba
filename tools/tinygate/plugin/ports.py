"""Which port a board is at; fixtures of the target tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tinygate.board.emulator import virtual_board
from tinygate.board.identity import prove_chip
from tinygate.board.lock import find_port, listed_ports, lock_key, locked
from tinygate.board.port import use_fast_rfc2217
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.once import Once
from tinygate.targets.rig import Rig


@pytest.fixture(scope="session")
def _virtual_port(board: BoardChoice, logs: Path) -> Iterator[str]:
    with virtual_board(board.target, logs / "virtual-board.log") as url:
        yield url


@pytest.fixture(scope="session")
def _serial_port(board: BoardChoice, pytestconfig: pytest.Config) -> Iterator[str]:
    """The port of a real board, locked for the session."""
    ports = listed_ports()
    found = board.port or find_port(str(board.usb_serial or board.mac), ports)
    with locked(lock_key(found, ports), pytestconfig.getoption("--lock-wait")):
        if board.mac:
            prove_chip(board.family.chip_id(board.target, found), board.mac)
        yield found


@pytest.fixture
def _found_port(request: pytest.FixtureRequest, board: BoardChoice, once: Once) -> str | None:
    """A port that is there before the firmware is."""
    use_fast_rfc2217()
    fixtures = {"virtual": "_serial_port" if board.lab_place else "_virtual_port", "serial": "_serial_port"}
    if board.board not in fixtures:
        return None
    found: str = once.get("port", lambda: request.getfixturevalue(fixtures[board.board]))
    return found


@pytest.fixture
def port(_found_port: str | None, _rig: Rig | None) -> str | None:
    """A board that is not there or in use fails the first test and skips the others."""
    return _rig.port if _rig else _found_port
