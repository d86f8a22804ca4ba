"""The smallest arena that works: the bisection, and the search on a virtual board that restarts for each size."""

from pathlib import Path

import numpy as np
import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from tinygate.board.arena_search import ArenaProbe, minimum_arena
from tinygate.board.deadlines import Deadlines
from tinygate.board.emulator import virtual_board
from tinygate.board.evidence import Plan
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog
from tinygate.board.port import SerialPort, use_fast_rfc2217
from tinygate.board.run import measure
from tinygate.errors import EvidenceError
from tinygate.targets.esp32.virtual_build import build_virtual_app

MODEL = Path(__file__).parents[3] / "models" / "gesture" / "artifacts" / "ptq_int8.tflite"


@given(minimum=st.integers(1, 2000), slack=st.integers(0, 500), spare=st.integers(0, 5000))
def test_bisection_finds_the_boundary(minimum: int, slack: int, spare: int) -> None:
    minimum_bytes = 16 * minimum
    used_bytes = max(1, minimum_bytes - slack)
    assert minimum_arena(lambda size: size >= minimum_bytes, used_bytes, minimum_bytes + spare) == minimum_bytes


def test_an_arena_of_exactly_what_is_used_may_work() -> None:
    assert minimum_arena(lambda size: size >= 3660, 3664, 65536) == 3664


def test_few_boots_are_needed() -> None:
    tried: list[int] = []
    minimum_arena(lambda size: bool(tried.append(size)) or size >= 3952, 3660, 65536)
    assert len(tried) <= 14


def test_a_board_that_cannot_make_up_its_mind_is_no_evidence() -> None:
    tried: set[int] = set()

    def second_time_lucky(size: int) -> bool:
        if size >= 4000 or size in tried:
            return True
        tried.add(size)
        return False

    with pytest.raises(EvidenceError, match="failed and then worked"):
        minimum_arena(second_time_lucky, 3660, 65536)


@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning:serial.rfc2217")
def test_a_board_restarts_for_each_size(tmp_path: Path) -> None:
    built = build_virtual_app(MODEL.read_bytes(), "ptq_int8", tmp_path)
    expected = Expected("esp32", "virtual", built.elf_sha256, built.model_sha256)
    log = BootLog(tmp_path / "console.log", tmp_path / "esptool.log")
    log.begin()
    use_fast_rfc2217()
    with (
        virtual_board("esp32", tmp_path / "board.log", built.folder / "tinygate.bin") as url,
        serial.serial_for_url(url, timeout=0.05) as opened,
    ):
        port = SerialPort(opened, log)
        plan = Plan(np.zeros((2, 300), np.int8))
        known = measure(port, expected, plan, Deadlines(quiet_s=0))
        probe = ArenaProbe(port, expected, known, plan, Deadlines())
        found = minimum_arena(probe.works, known.arena.used_bytes, known.arena.used_bytes + 1024)
    assert known.arena.used_bytes <= found < known.arena.used_bytes + 1024
