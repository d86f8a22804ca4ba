"""How `tinygate gate --lab` finds its boards: connects, looks which places fit, and spreads the run over them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tinygate.gate.nightly import Device
from tinygate.lab.client import Agent, labgrid_python
from tinygate.lab.places import fitting
from tinygate.lab.run import Spread, Wanted, known_places

LOG = "labgrid.log"


@dataclass(frozen=True)
class LabOrder:
    """Which lab, and which of its places.

    Attributes:
        address: the coordinator's HOST:PORT.
        target: the chip.
        board: the kind of board; None for the one that all places have.
        tags: what else a place must have.
        wait_s: how long a run waits while it has no place.
        build_root: where firmware is built.
    """

    address: str
    target: str
    board: str | None
    tags: dict[str, str]
    wait_s: float
    build_root: Path


@contextmanager
def lab_of(order: LabOrder, run_id: str, root: Path, store: Path) -> Iterator[tuple[Device, Spread]]:
    """Connect to a lab for a run; what the run holds is given back at the end, whatever that is.

    Args:
        order: which lab and places.
        run_id: the run's name, under which it holds places.
        root: the project; labgrid's environment is looked for there.
        store: gets the log of what labgrid says.

    Yields:
        What the run is judged on, and what runs its target tests.

    Raises:
        LabError: no labgrid here, no coordinator there, or no place that fits.
    """
    with Agent(labgrid_python(root), order.address, run_id, store / LOG) as agent:
        places = fitting(known_places(agent), order.target, order.board, order.tags)
        board = places[0].board
        wanted = Wanted(order.target, board, order.tags, order.wait_s, order.build_root)
        yield Device(order.target, board), Spread(agent, wanted)
