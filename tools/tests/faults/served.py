"""The board in memory, with its faults, behind an RFC 2217 port: the same schedules, with the serial stack in the loop.

The clock is the real one here, so only schedules that took a few seconds in memory are worth it; they run side by side.
"""

from __future__ import annotations

import heapq
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import serial
from schedules import Tally, count, schedule
from simulation import Clock, Fault, Outcome, SimulatedBoard, judged, outcome_of

from tinygate.board.log import BootLog
from tinygate.board.port import SerialPort, use_fast_rfc2217
from tinygate.virtual.link import LinkServer

SHORT_S = 4.0
LANES = 6
BAUD = 921_600


class RealClock(Clock):
    """Moves by itself."""

    @property
    def now(self) -> float:
        return time.monotonic()

    @now.setter
    def now(self, value: float) -> None:
        """Leave time alone."""


class Behind:
    """The board as the device behind a simulated line; its boot begins when a client sets the line's rate."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = faults
        self.board: SimulatedBoard | None = None

    def set_lines(self, dtr: bool, rts: bool, now: float) -> None:
        """Take no notice: nothing resets it."""

    def set_baud(self, baud: int) -> None:
        self.board = self.board or SimulatedBoard(RealClock(), self.faults)

    def receive(self, data: bytes, now: float) -> None:
        assert self.board is not None
        self.board.write(data)

    def advance(self, now: float, room: int) -> bytes:
        due = b""
        while self.board and self.board.queue and self.board.queue[0][0] <= now and len(due) < room:
            due += heapq.heappop(self.board.queue)[2]
        return due

    def deadline(self) -> float | None:
        return self.board.queue[0][0] if self.board and self.board.queue else None

    def baud(self) -> int | None:
        return None

    def descriptors(self) -> list[int]:
        return []


@contextmanager
def port_to(faults: Sequence[Fault], folder: Path) -> Iterator[SerialPort]:
    log = BootLog(folder / "console.log", folder / "esptool.log")
    log.begin()
    with LinkServer(Behind(faults), BAUD) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            with serial.serial_for_url(server.url, BAUD, timeout=0.05) as opened:
                port = SerialPort(opened, log)
                port.is_raw = False  # the faults know lines of text
                yield port
        finally:
            server.stop()
            thread.join()


def judged_behind_a_port(faults: Sequence[Fault]) -> Outcome:
    """As `simulation.judged`, through pyserial, telnet and a socket."""
    with tempfile.TemporaryDirectory() as name, port_to(faults, Path(name)) as port:
        return outcome_of(port, time)


def short(seeds: Iterable[int]) -> Iterator[int]:
    """Yield the seeds whose schedules take a few seconds."""
    return (seed for seed in seeds if judged(schedule(seed)).seconds < SHORT_S)


def run(seeds: Iterable[int]) -> Tally:
    use_fast_rfc2217()
    tally = Tally()
    planned = [(seed, schedule(seed)) for seed in short(seeds)]
    with ThreadPoolExecutor(LANES) as pool:
        outcomes = pool.map(lambda item: judged_behind_a_port(item[1]), planned)
        for (seed, faults), outcome in zip(planned, outcomes, strict=True):
            count(tally, seed, faults, outcome)
    return tally


if __name__ == "__main__":
    import sys

    found = run(range(int(sys.argv[1]), int(sys.argv[2])))
    for problem in (*found.green, *found.blamed, *found.late):
        print(problem)
    print(f"{found.run} schedules: {len(found.green)} green, {len(found.blamed)} wrong blames, {len(found.late)} late")
