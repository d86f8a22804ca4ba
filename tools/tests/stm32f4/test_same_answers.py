"""The firmware answers lawful and unlawful requests as the virtual board does, and survives what is none."""

from __future__ import annotations

import base64
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from tinygate.oracle import oracle
from tinygate.protocol import Decoder, Record
from tinygate.protocol.framing import Direction, encode
from tinygate.targets.stm32f4.emulator import Emulator
from tinygate.virtual.app import App
from tinygate.virtual.esp32.boot import Boot, ResetReason, RtcMemory, UartRate
from tinygate.virtual.esp32.image import Application
from tinygate.virtual.interpreter import Interpreter

pytestmark = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")
MODEL = (Path(__file__).parents[3] / "models" / "gesture" / "artifacts" / "ptq_int8.tflite").read_bytes()
WINDOW_BYTES, NONCE = 300, "0badcafe"
PATIENCE_S = 240  # a megabyte comes in byte by byte, and the machine may be busy
WINDOWS = [bytes((7 * i + j) % 256 for j in range(WINDOW_BYTES)) for i in range(4)]

# What says who answers, and time and memory: there, and not the same.
OWN = {
    "hello": None, "health": None, "arena": None, "layout": None,
    "bench": {"x_emulated_cycles", "x_emulated_empty_cycles"},
    "profile": set(), "error": {"detail"},
}  # fmt: skip


def infer(first: object, count: object, offset: object, data: bytes, **more: object) -> tuple[str, dict[str, object]]:
    return "infer", {
        "first": first, "count": count, "offset": offset, "data": base64.b64encode(data).decode(), **more
    }  # fmt: skip


W = WINDOWS
REQUESTS: list[tuple[str, dict[str, object]]] = [
    ("hello", {}),
    ("arena", {}),
    infer(0, 1, 0, W[0]),
    infer(1, 2, 0, W[1] + W[2]),
    infer(3, 1, 0, W[3], reset="each"),
    infer(0, 4, 0, b"".join(W), reset="first"),
    infer(5, 1, 0, W[0][:100]),
    infer(5, 1, 100, W[0][100:]),
    infer(6, 1, 0, W[1][:100]),
    infer(6, 1, 200, W[1][200:]),
    infer(7, 1, 100, W[1][100:]),
    infer(8, 0, 0, b""),
    infer(8, 0, 0, W[0]),
    infer(8, 1, 0, W[0] + b"x"),
    infer(8, 2, 0, W[0]),
    infer(8, 1, 0, b""),
    infer(8, 2, 100, W[0][100:]),
    infer("x", 1, 0, W[0]),
    infer(-1, 1, 0, W[0]),
    infer(4294967296, 1, 0, W[0]),
    infer(4294967295, 1, 0, W[0]),
    infer(9, 1, 0, W[0], reset="never"),
    infer(9, 1, 0, W[0], x_own="ignored"),
    ("infer", {"first": 1, "count": 1, "offset": 0, "data": "***"}),
    ("infer", {"first": 1, "count": 1, "data": "AAAA"}),
    ("infer", {}),
    ("bench", {"warmup": 0, "invocations": 3}),
    ("bench", {"warmup": 2, "invocations": 0}),
    ("bench", {"warmup": "many", "invocations": 1}),
    ("bench", {"invocations": 1}),
    ("profile", {}),
    ("layout", {}),
    ("health", {}),
    ("health", {"x_why": "not"}),
    ("nonsense", {}),
    ("arena", {"x_more": "1"}),
    ("restart", {"arena_bytes": 0}),
    ("restart", {"arena_bytes": "all"}),
]


class Firmware:
    """The firmware behind its serial port."""

    def __init__(self, line: serial.Serial) -> None:
        self._line = line
        self._decoder = Decoder()

    def send(self, data: bytes) -> None:
        self._line.write(data)

    def replies(self, count: int) -> list[Record]:
        found, until = list[Record](), time.monotonic() + PATIENCE_S
        while len(found) < count or not _is_whole(found):
            assert time.monotonic() < until, f"no answer; it sent {found}"
            events = self._decoder.feed(self._line.read(self._line.in_waiting or 1))
            found += [event for event in events if isinstance(event, Record)]
        return found


def _is_whole(replies: list[Record]) -> bool:
    part = dict(replies[-1].fields).get("part", "1/1").split("/")
    return part[0] == part[1]


@pytest.fixture
def firmware_line(rig: Emulator) -> Iterator[Firmware]:
    with serial.Serial(rig.port, timeout=0.05) as line:
        rig.reset()
        firmware = Firmware(line)
        firmware.replies(1)  # the unasked hello
        yield firmware


@pytest.fixture
def virtual() -> App:
    application = Application((), 0, "tinygate", "1", "none", "e" * 64, "tiny", MODEL, "")
    boot = Boot(
        application,
        ResetReason.POWER_ON,
        RtcMemory(),
        b"\2\0\0\0\0\1",
        1 << 22,
        UartRate(),
        memoryview(bytearray(65536)),
    )
    app = App(boot, Interpreter(MODEL, 65536, False), 65536, "00c0ffee")
    app.announce()
    return app


def request(sequence: int, kind: str, fields: dict[str, object]) -> bytes:
    text = tuple((key, str(value)) for key, value in fields.items() if str(value))
    return encode(Record(Direction.REQUEST, sequence, NONCE, kind, text))


def comparable(replies: list[Record]) -> list[tuple[object, ...]]:
    return [(reply.sequence, reply.kind, _fields(reply)) for reply in replies]


def _fields(reply: Record) -> object:
    own = OWN.get(reply.kind, set())
    return None if own is None else tuple((k, v) for k, v in reply.fields if k not in own)


def whole(replies: list[Record]) -> list[Record]:
    """Leave the further parts of records that are compared by kind alone."""
    return [reply for reply in replies if OWN.get(reply.kind, set()) is not None or reply is replies[-1]]


def test_requests_lawful_and_not_have_the_virtual_boards_answers(firmware_line: Firmware, virtual: App) -> None:
    for sequence, (kind, fields) in enumerate(REQUESTS):
        line = request(sequence, kind, fields)
        firmware_line.send(line)
        expected = [e for e in Decoder().feed(b"".join(virtual.receive(line))) if isinstance(e, Record)]
        assert expected, (kind, fields)
        found = firmware_line.replies(1)
        assert comparable(whole(found)) == comparable(whole(expected)), (kind, fields)


NOISE = random.Random(15)
GARBAGE = {
    "20 KB of random bytes": NOISE.randbytes(20_000),
    "1 MB of random bytes": NOISE.randbytes(1_000_000),
    "50 KB of the protocol's characters": bytes(NOISE.choices(b"@TG3 QR0123456789abcdef=*\r\n", k=50_000)),
    "half a record": request(0, "hello", {})[:30],
    "5000 prefixes": b"@TG3 " * 5000,
    "a record without end": b"@TG3 Q 0 0badcafe infer data=" + b"A" * 100_000,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_after_garbage_the_next_hello_is_answered(name: str, firmware_line: Firmware) -> None:
    sending = threading.Thread(target=firmware_line.send, args=[GARBAGE[name] + b"\r\n" + request(0, "hello", {})])
    sending.start()  # the device answers meanwhile, and waits for somebody to read
    until, kinds = time.monotonic() + PATIENCE_S, list[str]()
    while "hello" not in kinds:
        assert time.monotonic() < until
        kinds += [reply.kind for reply in firmware_line.replies(1)]
    sending.join()
    assert set(kinds) <= {"hello", "error"}
