"""Which work goes to which place, and what becomes of it: decided here without a lab, a process or a clock.

FAIL, PASS, INCONCLUSIVE     settled: no place is asked a second time
ERROR of the lab's           the work goes elsewhere, up to `ATTEMPTS` times in all; the place is power cycled once
                             where it has a switch, else set aside
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

ATTEMPTS = 3


@dataclass(frozen=True)
class Work:
    """One variant of one model: what a place does at a time."""

    model: str
    variant: str

    @property
    def id(self) -> str:
        """As tests call it, "gesture-ptq_int8"."""
        return f"{self.model}-{self.variant}"


@dataclass
class Schedule:
    """Work that waits, work that is done at a place now, and where each was tried.

    Attributes:
        work: all of it, in the order in which it is wanted.
    """

    work: Sequence[Work]
    waiting: list[Work] = field(init=False)
    running: dict[str, Work] = field(init=False, default_factory=dict)
    tried: dict[Work, list[str]] = field(init=False, default_factory=dict)
    settled: set[Work] = field(init=False, default_factory=set)
    _last: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = list(self.work)

    @property
    def done(self) -> bool:
        """Whether nothing waits and nothing runs."""
        return not self.waiting and not self.running

    def next(self, place: str, others: Collection[str] = ()) -> Work | None:
        """Give a free place its next work, or none: what has failed there is left to others that have not tried it.

        A place keeps to one model while it can: what a board has kept of it need not be sent again.
        """
        fits = [work for work in self.waiting if place not in self.tried.get(work, ())]
        fits = fits or [work for work in self.waiting if set(others) <= set(self.tried[work])]
        if not fits:
            return None
        chosen = min(fits, key=lambda work: work.model != self._last.get(place))
        self.waiting.remove(chosen)
        self.running[place] = chosen
        self.tried.setdefault(chosen, []).append(place)
        self._last[place] = chosen.model
        return chosen

    def ended(self, place: str, is_the_labs: bool) -> bool:
        """Take the work of a place as ended; return whether it is settled, and does not go elsewhere.

        Args:
            place: where it ran.
            is_the_labs: whether it ended in an ERROR for which the lab is to blame.
        """
        work = self.running.pop(place)
        if is_the_labs and len(self.tried[work]) < ATTEMPTS:
            self.waiting.insert(0, work)
            return False
        self.settled.add(work)
        return True
