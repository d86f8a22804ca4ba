"""Whatever process of a gate is ended, and when, it leaves nothing behind; two hundred and fifty moments by `make faults`."""

from __future__ import annotations

import os
from pathlib import Path

import kills
import pytest

ALL = bool(os.environ.get("TINYGATE_FAULT_SCHEDULES"))


MANY = [(kills.KILLED, 200), (kills.SIGNALLED, 51)]


@pytest.mark.parametrize(("kinds", "count"), MANY if ALL else [(kills.KILLED, len(kills.KILLED))])
def test_what_is_ended_leaves_nothing_behind(kinds: tuple[str, ...], count: int, tmp_path: Path) -> None:
    tally = kills.run(kills.Project(tmp_path), range(count), kinds)
    assert tally.codes.total() == count
    assert tally.wrong == []
