"""Random schedules of faults: a fixed choice of them here, as many as one likes with `make faults`."""

from __future__ import annotations

import os

import schedules
import served

COUNT = int(os.environ.get("TINYGATE_FAULT_SCHEDULES", "300"))


def test_no_schedule_ends_green_or_late_and_the_blame_is_right() -> None:
    tally = schedules.run(range(COUNT))
    assert tally.run == COUNT
    assert tally.green == []
    assert tally.late == []
    assert len(tally.blamed) <= COUNT // 100, tally.blamed


def test_through_a_serial_port_they_end_alike() -> None:
    seeds = range(COUNT // 20)
    tally = served.run(seeds)
    assert tally.run > len(seeds) // 2
    assert tally.green == []
    assert len(tally.blamed) <= 1 + tally.run // 100, tally.blamed
