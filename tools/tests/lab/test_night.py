"""Boards that vanish, hang, are exchanged or brown out, labgrid's processes killed: each verdict right, no place kept."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from night import BOARD, Night, held, project_of, result_of, started

from tinygate.lab.client import Agent
from tinygate.lab.up import Rack

MODELS = int(os.environ.get("TINYGATE_LAB_MODELS", "2"))
BOARDS = 3 if MODELS < 20 else 8
SEEDS = [16] if MODELS < 20 else [16, 17]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_run_of_a_bad_night_has_its_verdict(seed: int, tmp_path: Path, labgrid: Path) -> None:
    project_of(tmp_path, MODELS)
    (tmp_path / "rack").mkdir()
    with Rack(labgrid, 0, BOARDS, tmp_path / "rack", BOARD) as rack:
        with started(tmp_path, rack, labgrid) as run:
            night = Night(rack, random.Random(seed), every_s=10 if MODELS < 20 else 25)
            night.until_the_end(run, longest_s=240 if MODELS < 20 else 3600)
        rack.keep()
        with Agent(labgrid, rack.address, "night-1", tmp_path / "agent.log") as agent:
            assert not held(agent)
    result, said = result_of(tmp_path), (tmp_path / "out.txt").read_text()
    told = f"{night.told}\n{said}"
    print(told)
    assert not result.wrong, told
    assert not result.twice, told
    assert len(result.verdicts) == 2 * MODELS, told
