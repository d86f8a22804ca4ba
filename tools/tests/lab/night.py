"""A night in a lab where boards vanish, hang, are exchanged and brown out, and labgrid's own processes die.

Every fault comes at a random moment of a seed, and heals after a while by itself, as somebody in the lab would mend it.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import browning_board

from tinygate.lab.client import Agent
from tinygate.lab.places import place_of
from tinygate.lab.up import Rack, VirtualBoard
from tinygate.store import journal
from tinygate.store.lab_log import LabEvent
from tinygate.verdict import Verdict, worst

ROOT = Path(__file__).parents[3]
BOARD = (sys.executable, browning_board.__file__)
BROKEN_EVERY = 5
"""Every fifth model has a budget that it cannot keep."""


def project_of(folder: Path, models: int) -> None:
    """Make a project of many models; each has two variants."""
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "tests_target", folder / "tests_target")
    for number in range(models):
        model = folder / "models" / f"sine{number:03d}"
        shutil.copytree(ROOT / "models" / "sine", model)
        if number % BROKEN_EVERY == 0:
            text = (model / "model.toml").read_text()
            for budget in ("arena_used_bytes = 820", "arena_used_bytes = 1_030"):
                text = text.replace(budget, "arena_used_bytes = 1")
            (model / "model.toml").write_text(text)


@dataclass
class Night:
    """A run under way, and what is done to its lab meanwhile."""

    rack: Rack
    rng: random.Random
    every_s: float
    told: list[str] = field(default_factory=list)
    _heals: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def until_the_end(self, run: subprocess.Popen[bytes], longest_s: float) -> None:
        """Do harm until the run has ended. Raises TimeoutError: it does not."""
        deadline, next_at = time.monotonic() + longest_s, time.monotonic() + self.rng.uniform(2, 2 * self.every_s)
        while run.poll() is None:
            now = time.monotonic()
            if now > deadline:
                run.kill()
                raise TimeoutError("; ".join(self.told))
            if now > next_at:
                self._harm(now)
                next_at = now + self.rng.uniform(0.2, 2) * self.every_s
            self._heal(now)
            time.sleep(0.1)
        self._heal(float("inf"))

    def _heal(self, now: float) -> None:
        due = [heal for at, heal in self._heals if at <= now]
        self._heals = [(at, heal) for at, heal in self._heals if at > now]
        for heal in due:
            heal()

    def _harm(self, now: float) -> None:
        board = self.rng.choice(self.rack.boards)
        kinds = (self._vanish, self._hang, self._exchange, self._brown_out, self._kill_coordinator, self._kill_exporter)
        harm = self.rng.choice(kinds)
        self.told.append(f"{harm.__name__} {board.name}")
        heal = harm(board)
        self._heals.append((now + self.rng.uniform(2, 8), heal))

    def _vanish(self, board: VirtualBoard) -> Callable[[], None]:
        board.switch(False)
        return lambda: board.switch(True)

    def _hang(self, board: VirtualBoard) -> Callable[[], None]:
        process = board.process
        _send(process, signal.SIGSTOP)
        return lambda: _send(process, signal.SIGCONT)

    def _exchange(self, board: VirtualBoard) -> Callable[[], None]:
        right = board.mac
        board.switch(False)
        board.mac = "02:4e:47:ff:ff:ff"
        board.switch(True)

        def put_back() -> None:
            board.switch(False)
            board.mac = right
            board.switch(True)

        return put_back

    def _brown_out(self, board: VirtualBoard) -> Callable[[], None]:
        _send(board.process, signal.SIGUSR1)
        return lambda: None

    def _kill_coordinator(self, board: VirtualBoard) -> Callable[[], None]:
        self.rack.servers["coordinator"].kill()
        return lambda: _kept(self.rack)

    def _kill_exporter(self, board: VirtualBoard) -> Callable[[], None]:
        self.rack.servers["exporter"].kill()
        return lambda: _kept(self.rack)


def _kept(rack: Rack) -> None:
    rack.keep()


def _send(process: subprocess.Popen[bytes] | None, number: int) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(number)


@contextlib.contextmanager
def started(folder: Path, rack: Rack, labgrid: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the project's target tests over the rack."""
    command = [sys.executable, str(Path(__file__).with_name("spread_alone.py")), rack.address]
    environment = {**os.environ, "TINYGATE_LABGRID": str(labgrid)}
    with (folder / "out.txt").open("ab") as out:
        run = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=environment)
    try:
        yield run
    finally:
        run.kill()
        run.wait()


@dataclass(frozen=True)
class Result:
    """What a night's journal says: each variant's verdict, tests that were answered twice, what happened to places."""

    verdicts: dict[str, Verdict]
    twice: list[tuple[str, str, str]]
    events: tuple[LabEvent, ...]

    @property
    def wrong(self) -> list[str]:
        """Variants whose verdict is neither the right one nor an ERROR that the lab accounts for."""
        excused = Counter(event.work for event in self.events if event.what == "ended" and event.outcome == "ERROR")
        return [
            f"{subject}: {verdict}, expected {_right(subject)}, {excused[subject]} times the lab's"
            for subject, verdict in self.verdicts.items()
            if verdict is not _right(subject) and not (verdict is Verdict.ERROR and excused[subject])
        ]


def _right(subject: str) -> Verdict:
    return Verdict.FAIL if int(subject[4:7]) % BROKEN_EVERY == 0 else Verdict.PASS


def result_of(folder: Path) -> Result:
    """Read what the run in a project's folder has journaled."""
    run = next((folder / "report" / "runs").iterdir())
    found = journal.read(run / "journal.jsonl")
    verdicts: dict[str, list[Verdict]] = {}
    for test in found.tests:
        if test.verdict is not None and test.subject:
            verdicts.setdefault(test.subject, []).append(test.verdict)
        elif test.verdict is not None:
            named = next((word for word in test.message.split() if word.startswith("sine")), test.node_id)
            verdicts.setdefault(named, []).append(test.verdict)
    counts = Counter((test.subject, test.check, test.case) for test in found.tests if test.subject)
    twice = [key for key, count in counts.items() if count > 1]
    return Result({subject: worst(given) for subject, given in verdicts.items()}, twice, found.lab)


def held(agent: Agent) -> list[str]:
    """Return the places that somebody has."""
    return [place.name for place in map(place_of, agent.ask("places")) if place.holder]
