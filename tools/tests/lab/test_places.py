"""Which places fit a run, whose they are, and what a missing lab is called."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tinygate.errors import InputError, LabError
from tinygate.lab.client import PYTHON_VARIABLE, labgrid_python
from tinygate.lab.places import Place, fitting, tags_of
from tinygate.lab.up import Rack

REAL = Place("bench-1", {"target": "esp32", "board": "devkitc-v4", "revision": "3", "mac": "24:6F:28:00:00:01"})
FAKE = Place("virtual-1", {"target": "esp32", "board": "virtual"})
OTHER = Place("bench-2", {"target": "esp32c3"})


def test_places_fit_by_their_tags() -> None:
    assert fitting([REAL, OTHER], "esp32", None, {"revision": "3"}) == [REAL]
    assert REAL.mac == "24:6f:28:00:00:01"


def test_without_a_place_that_fits_the_lab_is_named() -> None:
    with pytest.raises(LabError, match=r"no place with target=esp32 revision=4.*bench-2: target=esp32c3"):
        fitting([REAL, OTHER], "esp32", None, {"revision": "4"})


def test_emulated_and_real_boards_are_not_mixed() -> None:
    with pytest.raises(LabError, match="name --board"):
        fitting([REAL, FAKE], "esp32", None, {})
    assert fitting([REAL, FAKE], "esp32", "virtual", {}) == [FAKE]


def test_a_tag_is_a_pair() -> None:
    assert tags_of(["board=devkitc-v4"]) == {"board": "devkitc-v4"}
    with pytest.raises(InputError, match="expected key=value"):
        tags_of(["board"])


def test_what_a_killed_run_of_this_machine_holds_is_an_orphan() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    assert Place("p", {}, f"{here}/ann.20261127T000000Z-{ended.pid}").is_orphaned
    assert not Place("p", {}, f"{here}/ann.20261127T000000Z-{os.getpid()}").is_orphaned
    assert not Place("p", {}, f"elsewhere/ann.20261127T000000Z-{ended.pid}").is_orphaned
    assert not Place("p", {}, f"{here}/ann").is_orphaned


def test_a_missing_labgrid_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PYTHON_VARIABLE, raising=False)
    with pytest.raises(LabError, match=r"labgrid is not here.*make lab.*TINYGATE_LABGRID"):
        labgrid_python(tmp_path)


def test_no_board_of_a_rack_has_the_port_of_another() -> None:
    rack = Rack(Path("python"), 0, 64, Path("nowhere"), baud=230_400)
    assert len({board.port for board in rack.boards} | {int(rack.address.rpartition(":")[2])}) == 65
    assert rack.boards[0].tags["baud"] == "230400"


@pytest.mark.parametrize("baud", ["fast", "0", "-1"])
def test_a_places_rate_is_a_number(baud: str) -> None:
    with pytest.raises(LabError, match=f"has the tag baud={baud}: expected bits per second"):
        _ = Place("bench-1", {"target": "esp32", "baud": baud}).baud
