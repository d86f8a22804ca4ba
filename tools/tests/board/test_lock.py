"""Ports by USB serial number, and the lock that keeps a second job away."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tinygate.board.lock import find_port, lock_key, locked
from tinygate.errors import LabError


@dataclass
class Listed:
    device: str
    serial_number: str | None


PORTS = [Listed("/dev/ttyUSB0", "A50285BI"), Listed("/dev/ttyACM0", "7C:DF:A1:00:11:22"), Listed("/dev/ttyS0", None)]
HOLD = "import sys, time; from pathlib import Path; from tinygate.board.lock import locked\n"
HOLD += "with locked('A1', folder=Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


@pytest.mark.parametrize(("number", "device"), [("A50285BI", "/dev/ttyUSB0"), ("7cdfa1001122", "/dev/ttyACM0")])
def test_a_board_is_found_by_its_serial_number_or_mac(number: str, device: str) -> None:
    assert find_port(number, PORTS) == device


def test_an_unknown_serial_number_lists_what_there_is() -> None:
    with pytest.raises(LabError, match=r"no port has .* B2; listed: /dev/ttyUSB0 \(A50285BI\)"):
        find_port("B2", PORTS)


def test_a_serial_number_that_two_adapters_share_names_no_board() -> None:
    with pytest.raises(LabError, match="/dev/ttyUSB0 and /dev/ttyUSB1 have"):
        find_port("0001", [Listed("/dev/ttyUSB0", "0001"), Listed("/dev/ttyUSB1", "0001")])


def test_a_board_keeps_its_lock_when_it_enumerates_elsewhere() -> None:
    moved = [Listed("/dev/ttyUSB9", "A50285BI")]
    assert lock_key("/dev/ttyUSB0", PORTS) == lock_key("/dev/ttyUSB9", moved) == "A50285BI"


def test_a_remote_board_is_locked_by_its_url() -> None:
    assert lock_key("rfc2217://lab:4000", PORTS) == "rfc2217://lab:4000"


def test_a_second_job_is_told_who_holds_the_board(tmp_path: Path) -> None:
    with (
        locked("rfc2217://lab:4000", folder=tmp_path),
        pytest.raises(LabError, match=r'in use by another job: .*"pid"'),
        locked("rfc2217://lab:4000", wait_s=0.3, folder=tmp_path),
    ):
        pass


def test_two_boards_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with locked("A1", folder=tmp_path), locked("A2", folder=tmp_path):
        pass


def test_the_lock_of_a_killed_job_is_free_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(LabError), locked("A1", folder=tmp_path):
        pass
    process.kill()
    process.communicate()
    began = time.monotonic()
    with locked("A1", folder=tmp_path):
        assert time.monotonic() - began < 0.5
