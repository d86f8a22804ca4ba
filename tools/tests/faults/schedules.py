"""Seeded random schedules of one to three faults, and what came of many of them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalogue import CATALOGUE
from kinds import OnLine
from simulation import PASS, Fault, Outcome, judged

LONGEST_S = 90.0
"""What the longest run may take: its plan's deadline and ten seconds."""


@dataclass
class Tally:
    """What came of schedules.

    Attributes:
        green: seeds that passed although something went wrong.
        blamed: seeds whose verdict is none that their faults allow.
        late: seeds of runs that took longer than they may.
    """

    run: int = 0
    green: list[str] = field(default_factory=list)
    blamed: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)


def schedule(seed: int) -> list[Fault]:
    source = random.Random(seed)
    names = source.sample(sorted(CATALOGUE), source.choice([1, 1, 2, 2, 3]))
    faults = [CATALOGUE[name](source) for name in names]
    # Two on one line may undo each other: a reply that is sent twice, and one of the two lost, is the reply.
    return list({(f.way, f.number) if isinstance(f, OnLine) else f.name: f for f in faults}.values())


def run(seeds: Iterable[int]) -> Tally:
    tally = Tally()
    for seed in seeds:
        faults = schedule(seed)
        outcome = judged(faults)
        count(tally, seed, faults, outcome)
    return tally


def count(tally: Tally, seed: int, faults: list[Fault], outcome: Outcome) -> None:
    tally.run += 1
    acted = [fault for fault in faults if fault.acted]
    allowed = frozenset().union(*(fault.allowed for fault in acted)) if acted else frozenset([PASS])
    told = f"seed {seed}: {[fault.name for fault in acted]}: {outcome}"
    if outcome.verdict == PASS and any(PASS not in fault.allowed for fault in acted):
        tally.green.append(told)
    if outcome.verdict not in allowed:
        tally.blamed.append(told)
    if outcome.seconds > LONGEST_S:
        tally.late.append(told)


if __name__ == "__main__":
    import sys

    found = run(range(int(sys.argv[1]), int(sys.argv[2])))
    for problem in (*found.green, *found.blamed, *found.late):
        print(problem)
    print(
        f"{found.run} schedules: {len(found.green)} false greens, {len(found.blamed)} wrong blames, {len(found.late)} late"
    )
