"""The application side of a virtual board: the flashed model in TensorFlow Lite Micro, behind the device protocol.

What an emulated board cannot know it does not say: no cycles, no microseconds, clocks of 0 MHz.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from tinygate.protocol import (
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    DeviceSession,
    Error,
    ErrorCode,
    Health,
    HealthRequest,
    Hello,
    HelloRequest,
    Incoming,
    Infer,
    InferRawRequest,
    InferRequest,
    Keep,
    KeepRequest,
    Layout,
    LayoutRequest,
    Loopback,
    LoopbackRequest,
    Message,
    Profile,
    ProfileRequest,
    Rate,
    RateRequest,
    Restart,
    RestartRequest,
    Store,
    StoreRequest,
    WindowAssembly,
)
from tinygate.virtual.chip_arena import POINTER_BITS, ChipArena, chip_structures
from tinygate.virtual.description import DATA_BYTES, RX_LINE_BYTES, TARGET, Refusal, description
from tinygate.virtual.esp32.boot import Boot
from tinygate.virtual.interpreter import Interpreter
from tinygate.virtual.line_rate import BOOT_BAUD, MAX_BAUD, LineRate
from tinygate.virtual.packed import plain
from tinygate.virtual.raw_inference import RawInference
from tinygate.virtual.runner_face import GREETING, RunnerFace
from tinygate.virtual.test_set import TestSet

MAX_ARENA_BYTES = 4 * 1024 * 1024  # the most external memory that an ESP32 maps
MAX_INVOCATIONS = 100_000


class App:
    """Answers requests; bytes in, bytes out.

    Attributes:
        restarting: set once a restart was answered: the process is to end.
        line: the serial line's rate.
    """

    def __init__(
        self,
        boot: Boot,
        loaded: Interpreter | Refusal,
        arena_bytes: int,
        boot_id: str,
        rx_line_bytes: int = RX_LINE_BYTES,
        on_chip: ChipArena | None = None,
    ) -> None:
        self.restarting = False
        self.line = LineRate(boot.uart)
        self._boot = boot
        self._loaded = loaded
        self._arena_bytes = arena_bytes
        self._on_chip = on_chip
        self._rx_line_bytes = rx_line_bytes
        self._session = DeviceSession(boot_id, rx_line_bytes)
        self._started_at = time.monotonic()
        window_bytes = 0 if isinstance(loaded, Refusal) else loaded.window_bytes
        self._windows = WindowAssembly(window_bytes)
        self._kept = TestSet(boot.store)
        self._window = bytes(window_bytes)
        self._window_of: Incoming | None = None  # the request that it came with
        self._asked: Incoming | None = None  # what is being answered
        self._face: RunnerFace | None = None
        inputs = () if isinstance(loaded, Refusal) else loaded.inputs
        self._raw = RawInference(boot.app.preprocessing, inputs, self._kept)
        self._answers: dict[type[Message], Callable[[Any], Message]] = {
            HelloRequest: lambda _: self._hello(),
            HealthRequest: lambda _: self._health(),
            RestartRequest: self._restart,
            LoopbackRequest: lambda request: Loopback(request.data),
            RateRequest: self._rate,
            StoreRequest: lambda request: _lawful(lambda: Store(self._kept.open(request.sha256, request.size_bytes))),
            KeepRequest: lambda request: _lawful(lambda: Keep(self._kept.keep(request))),
            ArenaRequest: self._with_model(self._arena),
            BenchRequest: self._with_model(self._bench),
            InferRequest: self._with_model(self._infer),
            InferRawRequest: self._with_model(self._infer_raw),
            LayoutRequest: self._with_model(self._layout),
            ProfileRequest: self._with_model(self._profile),
        }

    def announce(self) -> bytes:
        """Return the record that says that the board is ready."""
        self._session.ready(self._hello())
        return self._session.outgoing() + (GREETING if self._face else b"")

    def show_runner_face(self, model: str) -> None:
        """Answer MLPerf Tiny's public runner too, which calls the model by this name."""
        if not isinstance(self._loaded, Refusal):
            self._face = RunnerFace(self._loaded, model, self._uptime_us)

    def receive(self, data: bytes) -> Iterator[bytes]:
        """Take bytes from the UART; yield what to send, reply by reply."""
        for piece in (data[at : at + 1] for at in range(len(data))) if self._face else (data,):
            yield from self._received(piece)
            if self.restarting:
                return

    def _received(self, data: bytes) -> Iterator[bytes]:
        for incoming in self._session.feed(data):
            self.line.heard()
            self._asked = incoming
            self._session.reply(incoming, self._answers[type(incoming.request)](incoming.request))
            yield self._session.outgoing()
            if self.restarting:
                return
        if output := self._session.outgoing():
            yield output
        if self._face and not self._session.is_between_records:
            self._face.forget()
        elif self._face and (answers := self._face.receive(data)):
            yield answers

    def _with_model(self, answer: Callable[[Interpreter, Any], Message]) -> Callable[[Any], Message]:
        def guarded(request: Message) -> Message:
            if isinstance(self._loaded, Refusal):
                return Error(ErrorCode(self._loaded.status), f"the model cannot be used: {self._loaded.detail}"[:500])
            try:
                return answer(self._loaded, request)
            except RuntimeError as error:
                return Error(ErrorCode.INVOKE_FAILED, f"the interpreter refused: {error}"[:500])

        return guarded

    def _hello(self) -> Hello:
        return Hello(
            **description(self._boot, self._loaded),
            arena_configured_bytes=self._arena_bytes,
            uptime_us=self._uptime_us(),
            rx_line_bytes=self._rx_line_bytes,
            store_bytes=self._kept.capacity,
            **self._raw.hello,
        )

    def _health(self) -> Health:
        # Stack and heap of a chip do not exist here; 0 means not known.
        return Health(self._uptime_us(), 0, 0, 0, 0, 0, self._session.rejected_records, 0)

    def _restart(self, request: RestartRequest) -> Message:
        size = request.arena_bytes
        if size is not None and not 0 < size <= MAX_ARENA_BYTES:
            return Error(ErrorCode.BAD_REQUEST, f"arena_bytes={size}: expected 1 to {MAX_ARENA_BYTES}")
        self._boot.rtc.next_arena_bytes = size or 0
        self.restarting = True
        return Restart()

    def _rate(self, request: RateRequest) -> Message:
        if not BOOT_BAUD <= request.baud <= MAX_BAUD:
            return Error(ErrorCode.UNSUPPORTED, f"baud={request.baud}: expected {BOOT_BAUD} to {MAX_BAUD}")
        self.line.ask(request.baud)
        return Rate(request.baud)

    def _arena(self, interpreter: Interpreter, _: ArenaRequest) -> Message:
        if self._on_chip:
            chip = self._on_chip.chip
            return Arena(chip.used_bytes, self._arena_bytes, POINTER_BITS, chip.head_bytes, chip.tail_bytes)
        arena = interpreter.arena
        return Arena(arena.used_bytes, self._arena_bytes, interpreter.pointer_bits, arena.head_bytes, arena.tail_bytes)

    def _bench(self, interpreter: Interpreter, request: BenchRequest) -> Message:
        if request.application:
            return Error(ErrorCode.UNSUPPORTED, "a virtual board runs a model, and no application around it")
        count = request.warmup + request.invocations
        if count > MAX_INVOCATIONS:
            return Error(ErrorCode.BAD_REQUEST, f"{count} invocations were asked for; at most {MAX_INVOCATIONS}")
        interpreter.reset()
        for _ in range(count):
            interpreter.invoke(self._window)
        interpreter.reset()
        return Bench(request.warmup, request.invocations, f"{zlib.crc32(self._window):08x}")

    def _infer(self, interpreter: Interpreter, request: InferRequest) -> Message:
        crc32 = None
        try:
            if request.data:
                windows = self._windows.add(plain(request, interpreter.window_bytes, DATA_BYTES))
            else:
                self._windows.forget()
                windows = self._kept.windows(request.first, request.count, interpreter.inputs)
                crc32 = f"{zlib.crc32(b''.join(windows)):08x}"
        except ValueError as error:
            return Error(ErrorCode.BAD_REQUEST, f"{_described(request)}: {error}")
        if not windows:
            return Infer(request.first, 0)
        return Infer(request.first, len(windows), self._outputs(interpreter, request, windows), crc32)

    def _outputs(self, interpreter: Interpreter, request: InferRequest, windows: list[bytes]) -> bytes:
        outputs = []
        for index, window in enumerate(windows):
            if request.reset and (request.reset.is_each or index == 0):
                interpreter.reset()
            outputs.append(interpreter.invoke(window))
        self._keep_window(windows[-1])
        return b"".join(outputs)

    def _keep_window(self, window: bytes) -> None:
        """To bench with: of requests that overtook each other, the last window is that of the highest number."""
        if _is_newer(self._asked, self._window_of):
            self._window, self._window_of = window, self._asked

    def _infer_raw(self, interpreter: Interpreter, request: InferRawRequest) -> Message:
        self._windows.forget()
        message, window = self._raw.infer(interpreter, request)
        if window is not None:
            self._keep_window(window)
        return message

    def _layout(self, interpreter: Interpreter, _: LayoutRequest) -> Message:
        if self._on_chip:
            names, places = zip(*chip_structures(TARGET).items(), strict=True)
            return Layout(names, *(tuple(column) for column in zip(*places, strict=True)))
        structures = interpreter.structures
        return Layout(tuple(structures), tuple(structures.values()), (interpreter.pointer_bits // 8,) * len(structures))

    def _profile(self, interpreter: Interpreter, _: ProfileRequest) -> Message:
        interpreter.reset()
        interpreter.invoke(self._window)
        interpreter.reset()
        return Profile(interpreter.operators)

    def _uptime_us(self) -> int:
        return int((time.monotonic() - self._started_at) * 1e6)


def _described(request: InferRequest) -> str:
    return f"count={request.count} offset={request.offset} with {len(request.data)} bytes"


def _lawful(answer: Callable[[], Message]) -> Message:
    try:
        return answer()
    except ValueError as error:
        return Error(ErrorCode.BAD_REQUEST, str(error))


def _is_newer(asked: Incoming | None, before: Incoming | None) -> bool:
    """Whether a request comes after another by its number: they may overtake each other on a line that loses some."""
    if asked is None or before is None or asked.nonce != before.nonce:
        return True
    return asked.sequence >= before.sequence
