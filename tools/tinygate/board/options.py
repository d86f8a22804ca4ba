"""--board: where target tests run. Nothing is probed and nothing is guessed: no board named is a usage error.

A pytest plugin (registered by tinygate.pytest_plugin). `--target` and `--port` are pytest-embedded's own options.
It also keeps pytest-embedded away from tests that drive no board: its automatic fixtures resolve every option of every
service for each test (8 ms, and a warning since pytest 9) and start a process for each session.
tests_target/conftest.py takes them back for the tests that do.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from tinygate.verdict import place_of

BOARDS = {
    "virtual": "an emulated ESP32 behind a serial port on this machine; esptool flashes it",
    "virtual-fast": "the same without flashing, for quick runs",
    "qemu": "firmware built by ESP-IDF, run in Espressif's QEMU",
    "serial": "a real board; --port names it (device, or rfc2217:// URL)",
}
CHIPS = {
    "virtual": ("esp32",),
    "virtual-fast": ("esp32",),
    "qemu": ("esp32", "esp32c3", "esp32s3"),
    "serial": ("esp32", "esp32c3", "esp32s3"),
}
_MEASURED_ON_CHIP = ("serial",)


@dataclass(frozen=True)
class BoardChoice:
    """The board that a session runs on.

    Attributes:
        board: one of `BOARDS`.
        target: the chip, "esp32".
        port: the port the user named; None for an emulated board, which has its own.
    """

    board: str
    target: str
    port: str | None

    @property
    def place(self) -> str:
        """The place that figures are recorded under: "esp32", "esp32-virtual", "esp32-qemu"."""
        return place_of(self.target, self.board)

    @property
    def emulated(self) -> bool:
        """Whether time measured there says nothing about a chip."""
        return self.board not in _MEASURED_ON_CHIP


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of target tests."""
    group = parser.getgroup("tinygate")
    listing = "; ".join(f"{name}: {meaning}" for name, meaning in BOARDS.items())
    group.addoption("--board", metavar="BOARD", help=f"where target tests run. {listing}")
    group.addoption("--boots", type=int, default=1, help="boots to measure latency over (default 1; the boot is the replicate)")
    group.addoption("--skip-build", action="store_true", help="use the build folders as they are")
    group.addoption(
        "--ram-bytes", type=int, default=256 * 1024, help="RAM of which firmware says what it leaves (default 262144)"
    )
    group.addoption("--lock-wait", type=float, default=0, metavar="S", help="seconds to wait for a board in use (default 0)")


@pytest.fixture(autouse=True)
def parametrize_fixtures() -> None:
    """Resolve nothing: no board is driven."""


@pytest.fixture(scope="session", autouse=True)
def _mp_manager() -> None:
    """Start no process: consoles are written to files (see board/log.py)."""


@pytest.fixture(scope="session", autouse=True)
def _stdout_lock() -> None:
    """Lock nothing: no console is copied to standard output."""


def chosen_board(config: pytest.Config) -> BoardChoice:
    """Return the board that the command line names.

    Raises:
        pytest.UsageError: no board, an unknown one, one that cannot be the chip asked for, or an ambiguous port.
    """
    board, target = (config.getoption(name, None) for name in ("--board", "--target"))
    port, usb_serial, mac = (config.getoption(name, None) for name in ("--port", "--port-serial-number", "--port-mac"))
    if os.environ.get("ESPPORT"):
        raise pytest.UsageError(
            f"ESPPORT={os.environ['ESPPORT']} in the environment would silently override the port of every board; "
            "unset it and name the port with --port"
        )
    if board is None and port is None:
        raise pytest.UsageError(f"target tests need a board and none was named. Add one of\n{_choices(target)}")
    return _checked(board or "serial", target, port)


def _checked(board: str, target: str | None, port: str | None) -> BoardChoice:
    if board not in BOARDS:
        raise pytest.UsageError(f"--board {board}: no such board. Use one of\n{_choices(target)}")
    if board == "serial" and not port:
        raise pytest.UsageError("--board serial needs --port (a device or an rfc2217:// URL): ports are never probed")
    if board != "serial" and port:
        raise pytest.UsageError(f"--board {board} brings its own port; leave out --port {port} or use --board serial")
    if board == "serial" and not target:
        raise pytest.UsageError(f"--port {port} needs --target: the chip on it, one of {', '.join(CHIPS[board])}")
    chip = target or "esp32"
    if chip not in CHIPS[board]:
        raise pytest.UsageError(f"--board {board} cannot be --target {chip}: it can be {', '.join(CHIPS[board])}")
    return BoardChoice(board, chip, port)


def _choices(target: str | None) -> str:
    chip = target or "esp32"
    lines = (f"    --target {chip} --board {name}".ljust(44) + meaning for name, meaning in BOARDS.items())
    return "\n".join(lines)
