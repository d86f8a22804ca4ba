"""What holds a board's firmware where no service of pytest-embedded does; fixtures of the target tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tinygate.board.lock import listed_ports, usb_serial_of
from tinygate.board.log import BootLog
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.once import Once
from tinygate.targets.firmware import Firmware
from tinygate.targets.rig import Rig, RigOrder


@pytest.fixture(scope="session")
def _rigs() -> Iterator[contextlib.ExitStack]:
    """Holds the one rig that is up."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def _rig(
    board: BoardChoice,
    variant: Variant,
    firmware: Firmware,
    boot_log: BootLog,
    once: Once,
    _found_port: str | None,
    _rigs: contextlib.ExitStack,
    pytestconfig: pytest.Config,
) -> Rig | None:
    """What holds the firmware, where no service of pytest-embedded does; up until the next firmware's is needed."""
    make = board.family.rigs.get(board.board)
    if make is None:
        return None

    def start() -> Rig:
        _rigs.close()
        boot_log.begin()
        probe = usb_serial_of(_found_port, listed_ports()) if _found_port else None
        options = str(pytestconfig.getoption("qemu_extra_args", None) or "")
        return _rigs.enter_context(make(RigOrder(firmware, boot_log, _found_port, probe, options)))

    found: Rig = once.get(("rig", variant.id), start)
    return found
