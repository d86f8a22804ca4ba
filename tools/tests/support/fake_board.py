"""A board in memory: the real codec on the device's side, and faults as bytes. Its model returns each window's first byte."""

from __future__ import annotations

import time
import zlib

import numpy as np

from tinygate import protocol
from tinygate.board.deadlines import Deadlines
from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.run import measure

WINDOWS = (np.arange(400 * 6) % 251 - 120).astype(np.int8).reshape(400, 6)
EXPECTED = Expected("esp32", "virtual", "e" * 64, "a" * 64)
SHORT = Deadlines(
    boot_s=0.3, quiet_s=0.0, answer_s=0.2, first_answer_s=0.3, again_s=0.05, aftermath_s=0.05, settle_s=0.02
)
HELLO = protocol.Hello(
    protocol=3, app="tinygate", app_version="1", app_sha256="e" * 64, model_sha256="a" * 64, model_bytes=100,
    model_status="ok", target="esp32", chip_revision="v3.0", chip_id="24:0a:c4:00:00:01", cores=2, cpu_mhz=240,
    flash_mhz=40, flash_mode="dio", flash_bytes=4 << 20, external_ram_mhz=0, external_ram_bytes=0, optimization="perf",
    kernels="esp-nn 1.2.3", arena_placement="internal", arena_configured_bytes=65536, sdk="ESP-IDF v5.1", tflm_version="1.4.0",
    reset_reason="poweron", uptime_us=1000, emulated="virtual", timing="cycles", rx_line_bytes=384, rx_window_bytes=1024,
    data_bytes=1024, baud=115_200, max_baud=0, store_bytes=0,
    input_dtypes=("int8",), input_shapes=((1, 6),), input_scales=(0.5,), input_zero_points=(0,), input_bytes=(6,),
    output_dtypes=("int8",), output_shapes=((1, 1),), output_scales=(0.5,), output_zero_points=(0,), output_bytes=(1,),
)  # fmt: skip


class FakeBoard:
    """A `Port` with a device at its end.

    Args:
        hello: what the device says of itself.
        before: console text or damage to send before the answer with this number (0 is the hello).
        silent_after: no answers from this number on.
        application: whether there is one around the model, which makes invocations a tenth slower when it runs.
    """

    is_raw = False

    def __init__(
        self, hello: protocol.Hello = HELLO, before: dict[int, bytes] | None = None, silent_after: int = 10**6,
        application: bool = False,
    ) -> None:  # fmt: skip
        self.hello, self.before, self.silent_after = hello, dict(before or {}), silent_after
        self.device = protocol.DeviceSession("00c0ffee", hello.rx_line_bytes)
        self.application = application
        self.answered = 0
        self.output = b""

    def write(self, data: bytes) -> None:
        for incoming in self.device.feed(data):
            self.output += self.before.pop(self.answered, b"")
            if self.answered < self.silent_after or isinstance(incoming.request, protocol.HelloRequest):
                self.device.reply(incoming, self.answer(incoming.request))
            self.answered += 1
            self.output += self.device.outgoing()

    def set_baud(self, baud: int) -> None:
        raise AssertionError("a line of text has one rate")

    def read_available(self, deadline: float) -> bytes:
        data, self.output = self.output[:700], self.output[700:]
        if not data:
            time.sleep(max(0.0, deadline - time.monotonic()))
        return data

    def answer(self, request: protocol.Message) -> protocol.Message:
        if isinstance(request, protocol.InferRequest):
            return protocol.Infer(request.first, request.count, request.data[:: self.hello.window_bytes])
        if isinstance(request, protocol.LoopbackRequest):
            return protocol.Loopback(request.data)
        if isinstance(request, protocol.BenchRequest):
            if request.application and not self.application:
                return protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no run_application")
            slowest = 1100 if request.application else 1000
            samples = tuple(range(slowest, slowest + request.invocations))
            crc = f"{zlib.crc32(WINDOWS[-1].tobytes()):08x}"
            latency_us = tuple(cycles // self.hello.cpu_mhz for cycles in samples)
            return protocol.Bench(
                request.warmup, request.invocations, crc, 3, samples, latency_us, request.application
            )  # fmt: skip
        fixed: dict[type[protocol.Message], protocol.Message] = {
            protocol.HelloRequest: self.hello,
            protocol.ArenaRequest: protocol.Arena(3660, 65536, 32),
            protocol.HealthRequest: protocol.Health(2000, 8192, 4096, 100_000, 90_000, 80_000, 0, 0),
            protocol.ProfileRequest: protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no profiler"),
            protocol.LayoutRequest: protocol.Error(protocol.ErrorCode.UNSUPPORTED, "no layout"),
        }
        return fixed[type(request)]


def measured(board: FakeBoard, expected: Expected = EXPECTED, bench_running: bool = False) -> Run:
    return measure(board, expected, Plan(WINDOWS, warmup=1, invocations=5, bench_running=bench_running), SHORT)
