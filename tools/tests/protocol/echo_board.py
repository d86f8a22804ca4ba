"""A device with a model of 4 input bytes whose 2 output bytes are the first two of the input: the vectors' board."""

from __future__ import annotations

import zlib

from tinygate.protocol import (
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
    InferRequest,
    Message,
    Restart,
    RestartRequest,
    WindowAssembly,
)

INPUT_BYTES, OUTPUT_BYTES = 4, 2
HELLO = Hello(
    protocol=1,
    app="tinygate",
    app_version="0.1.0",
    app_elf_sha256="a" * 64,
    model_sha256="b" * 64,
    model_bytes=1024,
    model_status="ok",
    target="esp32",
    chip_revision="3.1",
    mac="24:6f:28:00:00:01",
    cores=2,
    cpu_mhz=240,
    flash_mhz=40,
    flash_mode="dio",
    flash_bytes=4 << 20,
    psram_mhz=0,
    psram_bytes=0,
    optimization="O2",
    esp_nn="1.2.3",
    arena_placement="internal",
    arena_configured_bytes=1024,
    idf_version="v5.1.7",
    tflm_version="esp-tflite-micro 1.4.0",
    reset_reason="poweron",
    uptime_us=1_234_567,
    emulated="virtual",
    timing="none",
    rx_line_bytes=512,
    rx_window_bytes=2048,
    input_dtype="int8",
    input_shape=(1, INPUT_BYTES),
    input_scale=0.5,
    input_zero_point=-128,
    input_bytes=INPUT_BYTES,
    output_dtype="int8",
    output_shape=(1, OUTPUT_BYTES),
    output_scale=0.00390625,
    output_zero_point=-128,
    output_bytes=OUTPUT_BYTES,
)


class EchoBoard:
    """Bytes in, bytes out; `hello` is what it says of itself."""

    def __init__(self, boot_id: str = "0badcafe", hello: Hello = HELLO) -> None:
        self.hello = hello
        self.session = DeviceSession(boot_id, hello.rx_line_bytes)
        self._windows = WindowAssembly(hello.input_bytes or 0)
        self._last = bytes(hello.input_bytes or 0)

    def receive(self, data: bytes) -> bytes:
        for incoming in self.session.feed(data):
            try:
                message = self._answer(incoming.request)
            except ValueError as error:
                message = Error(ErrorCode.BAD_REQUEST, str(error))
            self.session.reply(incoming, message)
        return self.session.outgoing()

    def _answer(self, request: Message) -> Message:
        if isinstance(request, HelloRequest):
            return self.hello
        if isinstance(request, ArenaRequest):
            return Arena(used_bytes=700, configured_bytes=1024, pointer_bits=32)
        if isinstance(request, BenchRequest):
            return Bench(request.warmup, request.invocations, f"{zlib.crc32(self._last):08x}")
        if isinstance(request, InferRequest):
            return self._infer(request)
        if isinstance(request, RestartRequest):
            return Restart()
        return Error(ErrorCode.UNSUPPORTED, f"{request.KIND} is not carried out by this board")

    def _infer(self, request: InferRequest) -> Infer:
        windows = self._windows.add(request)
        self._last = windows[-1] if windows else self._last
        outputs = b"".join(window[: self.hello.output_bytes] for window in windows)
        return Infer(request.first, len(windows), outputs)
