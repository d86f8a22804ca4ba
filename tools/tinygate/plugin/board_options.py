"""--board: where target tests run. Nothing is probed and nothing is guessed: no board named is a usage error.

A pytest plugin (registered by tinygate.plugin). `--target` and `--port` are pytest-embedded's own options.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from tinygate.errors import InputError
from tinygate.places import BOARDS, HOST, REAL_BOARD, BoardKind, place_of
from tinygate.plugin.core import lab_place_key, place_key, places_key
from tinygate.targets import DEFAULT_CHIP, FAMILIES, Family, chips, family_of, places

pytest_plugins = ["tinygate.plugin.embedded"]


@dataclass(frozen=True)
class BoardChoice:
    """The board that a session runs on.

    Attributes:
        board: one of `BOARDS`.
        target: the chip.
        port: device or rfc2217:// URL that the user named; None when a serial number names it, or for an emulated
            board, which brings its own.
        usb_serial: USB serial number of the port to be found.
        mac: the board's MAC, lower case: proven before anything is flashed.
        lab_place: the lab's name for where it is; empty for a board that no lab gave.
    """

    board: str
    target: str
    port: str | None = None
    usb_serial: str | None = None
    mac: str | None = None
    lab_place: str = ""

    @property
    def is_remote(self) -> bool:
        """Whether a link leads to it that may fail: what goes wrong may be tried again."""
        return self.board == REAL_BOARD or bool(self.lab_place)

    @property
    def place(self) -> str:
        """The place that figures are recorded under, see `tinygate.places`."""
        return place_of(self.target, self.board)

    @property
    def emulated(self) -> bool:
        """Whether time measured there says nothing about a chip."""
        return self.kind.is_emulated

    @property
    def kind(self) -> BoardKind:
        """What this kind of board offers."""
        return BOARDS[self.board]

    @property
    def family(self) -> Family:
        """The chip's family."""
        return family_of(self.target)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of target tests."""
    group = parser.getgroup("tinygate")
    listing = "; ".join(f"{kind.name}: {kind.meaning}" for kind in BOARDS.values())
    group.addoption("--board", metavar="BOARD", help=f"where target tests run. {listing}")
    group.addoption("--boots", type=int, help="boots to measure latency over (1, or what a baseline needs)")
    group.addoption("--arena-search", action="store_true", help="find the smallest arena that works, a boot per size")
    group.addoption("--build-root", metavar="DIR", help="where firmware is built (default: build)")
    group.addoption("--skip-build", action="store_true", help="use the build folders as they are")
    group.addoption("--ram-bytes", type=int, help="RAM that firmware and application share (what the chip has)")
    group.addoption("--line-baud", type=int, help="the fastest rate of the board's line, for all (default: found out)")
    group.addoption("--figures-from", metavar="FILE", help="journal of the run's other sessions: rules rest on it too")
    group.addoption("--lab-place", metavar="NAME", default="", help="what the lab calls the place of the board")
    group.addoption("--lock-wait", type=float, default=0, metavar="S", help="seconds to wait for a board in use (0)")


def pytest_configure(config: pytest.Config) -> None:
    """Give pytest-embedded what a chip's family needs on this board, unless the user has."""
    config.addinivalue_line("markers", "target(names): the chip a target test needs (pytest-embedded's marker)")
    chip = config.getoption("--target", None) or DEFAULT_CHIP
    if chip in chips():
        for name, value in family_of(chip).options.get(config.getoption("--board") or "", {}).items():
            if getattr(config.option, name, None) is None:
                setattr(config.option, name, value)
    if fastest := config.getoption("--line-baud"):
        os.environ.setdefault("ESPBAUD", str(fastest))  # all that pytest-embedded-idf flashes by
    config.stash[place_key] = place = _place(config)
    config.stash[lab_place_key] = config.getoption("--lab-place")
    config.stash[places_key] = (place,) if place else tuple(place for place in places() if place != HOST)


def _place(config: pytest.Config) -> str:
    """The place of the board; empty while none is named, which collecting alone allows."""
    try:
        return chosen_board(config).place
    except pytest.UsageError:
        return ""


def chosen_board(config: pytest.Config) -> BoardChoice:
    """Return the board that the command line names.

    Raises:
        pytest.UsageError: no board, an unknown one, one that cannot be the chip asked for, or an ambiguous port.
    """
    options = ("--board", "--target", "--port", "--port-serial-number", "--port-mac")
    board, target, port, usb_serial, mac = (config.getoption(name, None) for name in options)
    named = next((name for name in (port, usb_serial, mac) if name), None)
    lab_place = config.getoption("--lab-place")
    if board is None and named is None:
        raise pytest.UsageError(f"target tests need a board and none was named. Add one of\n{_choices(target)}")
    try:
        refuse_espport()
        is_the_labs = bool(lab_place) and board != REAL_BOARD  # an emulated board whose port somebody else offers
        chip = checked_chip(board or REAL_BOARD, target, None if is_the_labs else named)
    except InputError as error:
        raise pytest.UsageError(str(error)) from error
    return BoardChoice(board or REAL_BOARD, chip, port, usb_serial, mac.lower() if mac else None, lab_place)


def refuse_espport() -> None:
    """Raise InputError if the environment would choose a port that nobody named here."""
    if os.environ.get("ESPPORT"):
        raise InputError(
            f"ESPPORT={os.environ['ESPPORT']} in the environment would silently override the port of every board; "
            "unset it and name the port with --port"
        )


def checked_chip(board: str, target: str | None, named: str | None) -> str:
    """Return the chip on a board. Raises InputError if board, chip and what names the port do not belong together."""
    if board not in BOARDS:
        raise InputError(f"--board {board}: no such board. Use one of\n{_choices(target)}")
    if board == "serial" and (not named or named.endswith("*")):
        raise InputError(
            "--board serial needs one port, by --port (a device or an rfc2217:// URL), --port-serial-number or "
            "--port-mac: ports are never probed"
        )
    if board != "serial" and named:
        raise InputError(f"--board {board} brings its own port; leave out {named} or use --board serial")
    if board == "serial" and not target:
        raise InputError(f"{named} needs --target: the chip on it, one of {', '.join(_chips_on(board))}")
    chip = target or DEFAULT_CHIP
    if chip not in _chips_on(board):
        raise InputError(f"--board {board} cannot be --target {chip}: it can be {', '.join(_chips_on(board))}")
    return chip


def _chips_on(board: str) -> tuple[str, ...]:
    return tuple(chip for family in FAMILIES for chip in family.boards.get(board, ()))


def _choices(target: str | None) -> str:
    chip = target or DEFAULT_CHIP
    lines = (f"    --target {chip} --board {kind.name}".ljust(44) + kind.meaning for kind in BOARDS.values())
    return "\n".join(lines)
