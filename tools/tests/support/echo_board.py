"""The vectors' board: of 4 input bytes a window the first two come out, the second plus the windows since the last reset."""

from __future__ import annotations

import zlib

from tinygate.protocol import (
    PROTOCOL_VERSION,
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    DeviceSession,
    Error,
    ErrorCode,
    Hello,
    HelloRequest,
    Infer,
    InferRaw,
    InferRawRequest,
    InferRequest,
    Keep,
    KeepRequest,
    Loopback,
    LoopbackRequest,
    Message,
    Reset,
    Restart,
    RestartRequest,
    Store,
    StoreRequest,
    Tensor,
    WindowAssembly,
    tensor_lists,
)
from tinygate.virtual.packed import plain
from tinygate.virtual.test_set import TestSet

INPUT_BYTES, OUTPUT_BYTES, RAW_BYTES = 4, 2, 6
DATA_BYTES = 4096
HELLO = Hello(
    protocol=PROTOCOL_VERSION,
    app="tinygate",
    app_version="0.1.0",
    app_sha256="a" * 64,
    model_sha256="b" * 64,
    model_bytes=1024,
    model_status="ok",
    target="esp32",
    chip_revision="3.1",
    chip_id="24:6f:28:00:00:01",
    cores=2,
    cpu_mhz=240,
    flash_mhz=40,
    flash_mode="dio",
    flash_bytes=4 << 20,
    external_ram_mhz=0,
    external_ram_bytes=0,
    optimization="O2",
    kernels="esp-nn 1.2.3",
    arena_placement="internal",
    arena_configured_bytes=1024,
    sdk="ESP-IDF v5.1.7",
    tflm_version="esp-tflite-micro 1.4.0",
    reset_reason="poweron",
    uptime_us=1_234_567,
    emulated="virtual",
    timing="none",
    rx_line_bytes=512,
    rx_window_bytes=2048,
    data_bytes=2048,
    baud=115_200,
    max_baud=0,
    store_bytes=0,
    preprocessing="four of six",
    raw_dtype="int8",
    raw_samples=3,
    raw_axes=2,
    raw_bytes=RAW_BYTES,
    **tensor_lists("input", (Tensor("int8", (1, INPUT_BYTES), 0.5, -128, INPUT_BYTES),)),  # type: ignore[arg-type]
    **tensor_lists("output", (Tensor("int8", (1, OUTPUT_BYTES), 0.00390625, -128, OUTPUT_BYTES),)),  # type: ignore[arg-type]
)


class EchoBoard:
    """Bytes in, bytes out; `hello` is what it says of itself."""

    def __init__(self, boot_id: str = "0badcafe", hello: Hello = HELLO) -> None:
        self.hello = hello
        self.session = DeviceSession(boot_id, hello.rx_line_bytes)
        self._windows = WindowAssembly(hello.window_bytes)
        self._raw_windows = WindowAssembly(RAW_BYTES)
        self._since_reset = 0
        self._kept = TestSet(memoryview(bytearray(65_536)))
        self._last, self._last_number = bytes(hello.window_bytes), 0

    def receive(self, data: bytes) -> bytes:
        for incoming in self.session.feed(data):
            try:
                message = self._answer(incoming.request, incoming.sequence)
            except ValueError as error:
                message = Error(ErrorCode.BAD_REQUEST, str(error))
            self.session.reply(incoming, message)
        return self.session.outgoing()

    def _answer(self, request: Message, number: int) -> Message:
        if isinstance(request, HelloRequest):
            return self.hello
        if isinstance(request, ArenaRequest):
            return Arena(used_bytes=700, configured_bytes=1024, pointer_bits=32)
        if isinstance(request, BenchRequest) and not request.application:
            self._since_reset = 0
            return Bench(request.warmup, request.invocations, f"{zlib.crc32(self._last):08x}")
        if isinstance(request, InferRequest):
            return self._infer(request, number)
        if isinstance(request, StoreRequest):
            return Store(self._kept.open(request.sha256, request.size_bytes))
        if isinstance(request, KeepRequest):
            return Keep(self._kept.keep(request))
        if isinstance(request, InferRawRequest):
            return self._infer_raw(request, number)
        if isinstance(request, LoopbackRequest):
            return Loopback(request.data)
        if isinstance(request, RestartRequest):
            return Restart()
        return Error(ErrorCode.UNSUPPORTED, f"{request.KIND} is not carried out by this board")

    def _infer(self, request: InferRequest, number: int) -> Infer:
        crc32 = None
        if request.data:
            windows = self._windows.add(plain(request, self.hello.window_bytes, DATA_BYTES))
        else:
            self._windows.forget()
            windows = self._kept.windows(request.first, request.count, self.hello.inputs)
            crc32 = f"{zlib.crc32(b''.join(windows)):08x}"
        self._keep_last(windows[-1:], number)
        outputs = b"".join(self._invoke(window, request.reset, index) for index, window in enumerate(windows))
        return Infer(request.first, len(windows), outputs, crc32)

    def _infer_raw(self, request: InferRawRequest, number: int) -> InferRaw:
        """The first four of six raw bytes, each plus the settings' word."""
        answers = b""
        self._windows.forget()
        if request.data:
            windows = self._raw_windows.add(plain(request, RAW_BYTES, DATA_BYTES))
        else:
            self._raw_windows.forget()
            windows = self._kept.raw_windows(request.first, request.count, RAW_BYTES)
        made = [bytes((byte + (request.settings or 0)) % 256 for byte in raw[:INPUT_BYTES]) for raw in windows]
        self._keep_last(made[-1:], number)
        for index, window in enumerate(made):
            answers += self._invoke(window, request.reset, index)
            answers += window if request.inputs else zlib.crc32(window).to_bytes(4, "little")
        return InferRaw(request.first, len(windows), answers)

    def _keep_last(self, windows: list[bytes], number: int) -> None:
        if windows and number > self._last_number:
            self._last, self._last_number = windows[0], number

    def _invoke(self, window: bytes, reset: Reset | None, index: int) -> bytes:
        if reset and (reset.is_each or index == 0):
            self._since_reset = 0
        output = bytearray(window[: self.hello.result_bytes])
        if len(output) > 1:
            output[1] = (output[1] + self._since_reset) % 256
        self._since_reset += 1
        return bytes(output)
