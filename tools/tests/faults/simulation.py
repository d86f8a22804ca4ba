"""A board, a line and a clock in memory: a run of seconds takes milliseconds, and every deadline is the real one.

Time is the clock's: it moves when the host waits. Between host and device sit faults, which see every line both ways.
"""

from __future__ import annotations

import contextlib
import dataclasses
import heapq
import sys
import time
import types
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from fake_board import HELLO, WINDOWS

from tinygate import protocol
from tinygate.board import run
from tinygate.board.evidence import Plan
from tinygate.board.identity import Expected
from tinygate.board.port import Port
from tinygate.errors import InputError, LabError, TargetError

BOOT_ID = "00c0ffee"
PLAN = Plan(WINDOWS, warmup=1, invocations=5, invoke_s=0.05)
EXPECTED = Expected("esp32", "virtual", "e" * 64, "a" * 64, None, (("int8", (1, 6)),), (("int8", (1, 1)),))
BOOT_TEXT = (
    b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\nI (300) app: up\r\n"
)
BOOT_S, REQUEST_S, CHUNK_BYTES = 0.4, 0.002, 512
PASS, FAIL, ERROR = "PASS", "FAIL", "ERROR"


class Clock:
    """Stands in for the module `time` where a run looks at it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Fault:
    """What goes wrong: sees every line and every answer, and may change, lose, repeat or delay it.

    Attributes:
        allowed: the verdicts that are right if it is the only one.
        acted: whether it has done anything.
    """

    def __init__(self, name: str, *allowed: str) -> None:
        self.name, self.allowed, self.acted = name, frozenset(allowed), False

    def to_board(self, number: int, line: bytes) -> list[bytes]:
        return [line]

    def to_host(self, number: int, line: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, line)]

    def hello(self, hello: protocol.Hello) -> protocol.Hello:
        return hello

    def answer(self, request: protocol.Message, message: protocol.Message) -> protocol.Message | None:
        """Return what the application answers; None if it does not."""
        return message

    def cost_s(self, request: protocol.Message) -> float:
        """Return how much longer a request takes."""
        return 0.0

    def boot_text(self, text: bytes) -> bytes:
        return text

    def after(self, request: protocol.Message) -> list[tuple[float, bytes]]:
        """Return what the board prints after it has answered, and how much later."""
        return []


class SimulatedBoard:
    """A `Port` with an application at its far end; its model returns each window's first byte."""

    is_raw = False

    def __init__(self, clock: Clock, faults: Sequence[Fault], hello: protocol.Hello = HELLO) -> None:
        self.clock, self.faults, self.base = clock, faults, hello
        self.started = clock.now
        self.device = protocol.DeviceSession(BOOT_ID, hello.rx_line_bytes)
        self.queue: list[tuple[float, int, bytes]] = []
        self.requests = self.replies = self.serial = 0
        self.free_at = self.last_at = clock.now
        self.held = b""
        self.last_window = (-1, bytes(6))
        text = BOOT_TEXT
        for fault in faults:
            text = fault.boot_text(text)
        self.push(0.01, text)
        self.free_at += BOOT_S
        self.device.ready(self.hello())
        self.send_lines(BOOT_S)

    # the port

    def write(self, data: bytes) -> None:
        *lines, self.held = (self.held + data).split(b"\n")
        for line in lines:
            pieces = [line + b"\n"]
            if line.strip():
                self.requests += 1
                for fault in self.faults:
                    pieces = [out for piece in pieces for out in fault.to_board(self.requests, piece)]
            for piece in pieces:
                self.receive(piece)

    def set_baud(self, baud: int) -> None:
        raise AssertionError("a line of text has one rate")

    def read_available(self, deadline: float) -> bytes:
        if self.queue and self.queue[0][0] <= max(deadline, self.clock.now):
            at, _, data = heapq.heappop(self.queue)
            self.clock.now = max(self.clock.now + 1e-4, at)
            return data
        self.clock.now = max(self.clock.now + 1e-3, deadline)
        return b""

    # the device

    def hello(self) -> protocol.Hello:
        hello = dataclasses.replace(self.base, uptime_us=self.uptime_us())
        for fault in self.faults:
            hello = fault.hello(hello)
        return hello

    def uptime_us(self) -> int:
        return int((max(self.free_at, self.clock.now) - self.started) * 1e6) + 1000

    def receive(self, piece: bytes) -> None:
        for incoming in self.device.feed(piece):
            self.free_at = max(self.free_at, self.clock.now) + self.cost_s(incoming.request)
            message: protocol.Message | None = self.respond(incoming.request)
            for fault in self.faults:
                message = fault.answer(incoming.request, message) if message is not None else None
            if message is not None:
                self.device.reply(incoming, message)
            self.send_lines(self.free_at - self.clock.now)
            for fault in self.faults:
                for delay_s, data in fault.after(incoming.request):
                    self.push(max(0.0, self.last_at - self.clock.now) + delay_s, data)
        self.send_lines(max(0.0, self.free_at - self.clock.now))  # refusals

    def cost_s(self, request: protocol.Message) -> float:
        own = REQUEST_S * (6 if isinstance(request, protocol.BenchRequest) else 1)
        return own + sum(fault.cost_s(request) for fault in self.faults)

    def send_lines(self, delay_s: float) -> None:
        for line in self.device.outgoing().splitlines(keepends=True):
            outs = [(0.0, line)]
            for fault in self.faults:
                outs = [(d + e, out) for d, piece in outs for e, out in fault.to_host(self.replies, piece)]
            self.replies += 1
            for extra_s, out in outs:
                self.push(delay_s + extra_s, out)

    def push(self, delay_s: float, data: bytes) -> None:
        at = max(self.clock.now + delay_s, self.last_at)
        self.last_at = at
        for start in range(0, len(data), CHUNK_BYTES):
            self.serial += 1
            heapq.heappush(self.queue, (at, self.serial, data[start : start + CHUNK_BYTES]))

    def respond(self, request: protocol.Message) -> protocol.Message:
        if isinstance(request, protocol.HelloRequest):
            return self.hello()
        if isinstance(request, protocol.InferRequest):
            size = self.base.window_bytes
            if request.offset or len(request.data) != request.count * size or not request.count:
                return protocol.Error(protocol.ErrorCode.BAD_REQUEST, "no whole windows")
            self.last_window = max(self.last_window, (request.first, request.data[-size:]))  # whatever came first
            return protocol.Infer(request.first, request.count, request.data[::size])
        if isinstance(request, protocol.BenchRequest):
            cycles = tuple(range(100_000, 100_000 + request.invocations))
            crc, latency_us = f"{zlib.crc32(self.last_window[1]):08x}", tuple(c // 240 for c in cycles)
            return protocol.Bench(request.warmup, request.invocations, crc, 3, cycles, latency_us)
        if isinstance(request, protocol.ProfileRequest):
            return protocol.Profile(("CONV_2D", "SOFTMAX"), (900, 90))
        if isinstance(request, protocol.LayoutRequest):
            return protocol.Layout(("TfLiteEvalTensor",), (12,), (4,))
        if isinstance(request, protocol.HealthRequest):
            rejected = self.device.rejected_records
            return protocol.Health(self.uptime_us(), 8192, 4096, 100_000, 90_000, 80_000, rejected, 0)
        return protocol.Arena(3660, 65536, 32, 2400, 1260)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its verdict, why, and after how long."""

    verdict: str
    sentence: str
    seconds: float


def judged(faults: Sequence[Fault], hello: protocol.Hello = HELLO) -> Outcome:
    """Run once on a board with these faults; the verdict is the one that the target suite would give."""
    clock = Clock()
    with clock_of(clock):
        return outcome_of(SimulatedBoard(clock, faults, hello), clock)


def outcome_of(port: Port, clock: Clock | types.ModuleType) -> Outcome:
    """Run once on what is behind a port, and judge it as the target suite would."""
    began = clock.monotonic()
    try:
        verdict, sentence = _judged(run.measure(port, EXPECTED, PLAN))
    except TargetError as error:
        verdict, sentence = FAIL, str(error)
    except (LabError, InputError) as error:
        verdict, sentence = ERROR, str(error)
    return Outcome(verdict, sentence, clock.monotonic() - began)


def _judged(found: run.Run) -> tuple[str, str]:
    """As suites/target does: parity, health, scales, boots."""
    if found.health.rejected_records + found.health.receive_overflows > found.counts.get("repairs", 0):
        return ERROR, "the device rejected records"
    if not np.array_equal(found.output, WINDOWS[:, :1]):
        return FAIL, "an output differs"
    if [(t.scale, t.zero_point) for t in (*found.hello.inputs, *found.hello.outputs)] != [(0.5, 0), (0.5, 0)]:
        return FAIL, "another scale"
    if found.arena.head_bytes is not None and found.arena.used_bytes < 2400:
        return FAIL, "an arena smaller than the model can have"
    return (PASS, "") if len(found.resets) <= 1 else (FAIL, "it reset")


@contextlib.contextmanager
def clock_of(clock: Clock) -> Iterator[None]:
    """Let everything that a run consists of look at this clock."""
    fake = types.SimpleNamespace(monotonic=clock.monotonic)
    loaded = [module for name, module in sys.modules.items() if name.startswith("tinygate.board.")]
    looking = [module for module in loaded if vars(module).get("time") is time]  # none is left out when one is split
    for module in looking:
        vars(module)["time"] = fake
    try:
        yield
    finally:
        for module in looking:
            vars(module)["time"] = time
