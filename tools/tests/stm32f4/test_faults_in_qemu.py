"""Each fault, provoked in the firmware as it is built: the console's words, the verdict, and a usual boot after it."""

from __future__ import annotations

import pytest
from provoke import FAULTS, provoke

from tinygate.board.console import classify
from tinygate.errors import LabError, TargetError
from tinygate.targets.firmware import Firmware
from tinygate.targets.stm32f4.console import SIGNS


@pytest.mark.parametrize("fault", FAULTS)
def test_a_provoked_fault_is_blamed_and_followed_by_a_boot(fault: str, firmware: Firmware) -> None:
    lines = provoke(firmware.folder, fault)
    found = classify(lines, SIGNS)
    assert found is not None
    assert isinstance(found.error(), LabError if fault == "supply" else TargetError)
    assert lines[-1].startswith("boot: reset by ")
