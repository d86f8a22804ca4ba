"""A run's target tests, spread over a lab's places: takes them, gives them work and takes what comes of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import FrameType

from tinygate.board.lock import locked
from tinygate.errors import LabError
from tinygate.gate.nightly import GateRun, run_suite
from tinygate.gate.session import InterruptedRunError, handling
from tinygate.lab.client import Agent, Event
from tinygate.lab.collect import Collected
from tinygate.lab.job import Job, start, warm_context
from tinygate.lab.places import Place, fitting, place_of
from tinygate.lab.schedule import Schedule, Work
from tinygate.model.selection import Selection
from tinygate.store.lab_log import set_aside

_TICK_S = 1.0
_OTHER_RUN_S = 60.0


@dataclass(frozen=True)
class Wanted:
    """Which places a run may use, and how long it waits for one.

    Attributes:
        target, board: chip and kind of board.
        tags: what else a place must have.
        wait_s: how long it waits while it has none.
        build_root: where its firmware is built, by no other run meanwhile.
    """

    target: str
    board: str
    tags: dict[str, str]
    wait_s: float
    build_root: Path


def known_places(agent: Agent) -> list[Place]:
    """Return every place of a lab; what a run of this machine that was killed still holds is freed first."""
    found = [place_of(told) for told in agent.ask("places")]
    orphaned = [place for place in found if place.is_orphaned]
    for place in orphaned:
        agent.ask("free", place=place.name, holder=place.holder)
    return [place_of(told) for told in agent.ask("places")] if orphaned else found


class Spread:
    """Spreads variants over places; see `tinygate.gate.nightly.Spread`."""

    def __init__(self, agent: Agent, wanted: Wanted) -> None:
        self._agent, self._wanted = agent, wanted
        board = [f"--target={wanted.target}", f"--board={wanted.board}", "--lab-place=none", "--port=none://"]
        self._board = ["tests_target", *board]
        self._context = warm_context(self._board)

    def __call__(self, run: GateRun, selection: Selection) -> Sequence[Path]:
        """Judge every variant on some place, once."""
        device = run.devices[0]
        try:
            with locked(device.place, _OTHER_RUN_S, self._wanted.build_root / "locks"):
                found = _Spreading(self._agent, self._wanted, self._context, run, selection).finish()
        except LabError as error:
            raise LabError(f"the lab: {error}") from error
        rules = selection.rules_at(device.place)
        if rules:
            args = [*self._board, f"--figures-from={run.journal_path}", "-k", "test_figures_keep_their_ratio"]
            found.append(run_suite(run, selection, "target-rules", args, device.place))
        return found


class _Spreading:
    """The state of a run that is spread over places."""

    def __init__(
        self, agent: Agent, wanted: Wanted, context: ForkServerContext, run: GateRun, selection: Selection
    ) -> None:
        self._agent, self._wanted, self._context, self._run = agent, wanted, context, run
        self._schedule = Schedule([Work(variant.model.name, variant.name) for variant in selection.target_variants])
        self._collected = Collected(run, self._schedule.work)
        self._ports: dict[str, str] = {}  # of the places that are held
        self._jobs: dict[str, Job] = {}
        self._bad: set[str] = set()
        self._cycled: set[str] = set()
        self._asked: set[str] = set()
        self._last: list[Place] = []
        self._number = 0
        self._has_place_at = time.monotonic()
        self._down_since: float | None = None  # of the coordinator
        self._received: list[int] = []

    def finish(self) -> list[Path]:
        """Run to the end; whatever the end is, no job goes on and no place is held."""

        def ask_to_end(number: int, frame: FrameType | None) -> None:
            self._received.append(number)

        with handling(ask_to_end):
            try:
                self._loop()
            finally:
                for job in self._jobs.values():
                    job.ask_to_end()
                for job in self._jobs.values():
                    job.stop()
                for place in list(self._ports):
                    self._give_back(place)
        if self._received:
            raise InterruptedRunError(self._received[0])
        return self._collected.write()

    def _loop(self) -> None:
        while not self._schedule.done and not self._received:
            for event in self._agent.events():
                self._take(event)
            for place, job in list(self._jobs.items()):
                if not job.process.is_alive():
                    self._ended(place, job)
            self._assign()
            if not self._queue():
                return
            sentinels = [job.process.sentinel for job in self._jobs.values()]
            if not self._schedule.done:
                connection.wait([self._agent.descriptor, *sentinels], _TICK_S)

    # places

    def _take(self, event: Event) -> None:
        if event.kind == "gone":
            raise LabError(event.reason)
        self._collected.event(event.kind, event.place, reason=event.reason)
        if event.kind == "taken":
            self._ports[event.place] = event.port
        elif event.kind == "lost":
            self._ports.pop(event.place, None)
            if event.place in self._jobs:
                job = self._jobs[event.place]
                job.ask_to_end()
                job.stop()
                self._ended(event.place, job, f"the place {event.place} was lost: {event.reason}")

    def _queue(self) -> bool:
        """Stand in line for as many places as there is work for; return False when nothing more will come."""
        places = {place.name: place for place in self._usable()}
        busy = set(self._ports)
        need = len(self._schedule.waiting) - len(busy - set(self._jobs))
        free = [name for name, place in places.items() if not place.holder and name not in busy]
        line = set(free[:need] if len(free) >= need else places) - busy if need > 0 else set()
        if line != self._asked:
            self._agent.ask("want", places=sorted(line))
            self._asked = line
        if busy or not self._schedule.waiting:
            self._has_place_at = time.monotonic()
        waited_s = time.monotonic() - self._has_place_at
        if (places or self._down_since is not None) and waited_s <= self._wanted.wait_s:
            return True
        why = f"none came free within {self._wanted.wait_s:g} s" if places else "every place of the lab is set aside"
        if self._down_since is not None:
            why = f"the coordinator is down, for {time.monotonic() - self._down_since:.0f} s now"
        self._collected.nothing_more(self._schedule.waiting, f"{why}; see `tinygate lab status`")
        return bool(self._jobs)

    def _usable(self) -> list[Place]:
        try:
            every = [place_of(told) for told in self._agent.ask("places")]
        except LabError:  # the coordinator is down now; what is known of it stands
            self._down_since = self._down_since or time.monotonic()
            return self._last
        self._down_since = None
        aside = set(set_aside(self._run.store)) | self._bad
        try:
            found = fitting(every, self._wanted.target, self._wanted.board, self._wanted.tags)
        except LabError:
            found = []
        self._last = [place for place in found if place.name not in aside]
        return self._last

    def _give_back(self, place: str) -> None:
        self._ports.pop(place, None)
        try:
            self._agent.ask("release", place=place)
        except LabError as error:  # the agent gives it back when the coordinator is there again
            self._collected.event("lost", place, reason=str(error))
        else:
            self._collected.event("given_back", place)

    # work

    def _assign(self) -> None:
        idle = [place for place in self._ports if place not in self._jobs]
        for place in idle:
            work = self._schedule.next(place, others=self._ports)
            if work is not None:
                self._start(place, work)
            elif not self._schedule.waiting:
                self._give_back(place)

    def _start(self, place: str, work: Work) -> None:
        self._number += 1
        folder = self._run.folder / "lab" / f"{self._number:03d}-{work.id}-{place}"
        arguments = self._arguments(place, work)
        self._jobs[place] = start(self._context, arguments, self._run.root, work, place, folder)

    def _arguments(self, place: str, work: Work) -> list[str]:
        device = self._run.devices[0]
        known = next((one for one in self._last if one.name == place), None)
        told = [f"--port-mac={known.mac}"] if known and known.mac else []
        told += [f"--line-baud={known.baud}"] if known and known.baud else []
        return [
            "-q", "tests_target", f"--target={device.target}", f"--board={device.board}",
            f"--port={self._ports[place]}", f"--lab-place={place}", *told, *self._run.pytest_args,
            f"--models-root={self._run.models_root}", f"--report-dir={self._run.folder}",
            f"--model={work.model}", f"--variant={work.variant}",
        ]  # fmt: skip

    def _ended(self, place: str, job: Job, lost: str = "") -> None:
        del self._jobs[place]
        outcome = job.outcome()
        is_settled = self._schedule.ended(place, outcome.is_the_labs or (bool(lost) and not outcome.is_fail))
        self._collected.ended(job, outcome, is_settled, lost)
        if outcome.board_fault and place in self._ports:
            self._recover(place, outcome.board_fault)

    def _recover(self, place: str, fault: str) -> None:
        """Cycle the power of a place that failed, once; where that cannot be done or has not helped, set it aside."""
        known = next((one for one in self._last if one.name == place), None)
        if known and known.has_power and place not in self._cycled:
            self._cycled.add(place)
            try:
                self._agent.ask("power", place=place, action="cycle")
            except LabError as error:
                fault = f"{fault} Its power cannot be cycled: {error}"
            else:
                self._collected.event("power_cycled", place, reason=fault)
                return
        self._bad.add(place)
        self._collected.event("set_aside", place, reason=fault)
        self._give_back(place)
