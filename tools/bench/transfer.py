"""What moving a test set to a board costs: tinygate's protocol against one round trip per 31 bytes.

Both devices run the same model in TensorFlow Lite Micro, in a process of their own, at the far end of the same
simulated serial line (RFC 2217 on loopback, each direction limited to the baud rate). Both answer real inferences, and
their outputs must agree. tinygate's device is the virtual board; the other protocol is modelled on MLPerf Tiny's
(hex_device.py). Of the wire's limit, 8 data bits in 10, the share is told that windows take, read as a run reads.

    python -m tools.bench.transfer [--seconds 8] [--hex-windows 12] [--baud 115200 921600 2000000] [--model FILE]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial

from tinygate.board.port import use_fast_rfc2217
from tinygate.errors import LinkError
from tinygate.protocol import Answer, HostSession, Infer, RateRequest, fresh_nonce
from tinygate.targets.esp32.virtual_build import build_virtual_app

from .hex_device import CHUNK_BYTES

BAUDS = (115_200, 921_600, 2_000_000)
BOOT_BAUD = 115_200
DEMANDED_SHARE = 0.95
POLL_S = 0.05  # as pytest-embedded's reader polls
DEMANDED_RATIO = 8.0
_SILENCE_S = 10.0
_BITS_PER_BYTE = 10


@dataclass(frozen=True)
class Measurement:
    """Wall time of moving `outputs`' windows there and the outputs back."""

    wall_s: float
    outputs: list[bytes]

    @property
    def window_ms(self) -> float:
        """Wall time per window."""
        return self.wall_s / len(self.outputs) * 1e3


class Reader:
    """The host's reading: every `poll_s`, or as soon as there is something (0)."""

    def __init__(self, port: Any, poll_s: float) -> None:
        self._port, self._poll_s = port, poll_s

    def __call__(self) -> bytes:
        """Return what has come; LinkError after ten silent seconds."""
        deadline = time.monotonic() + _SILENCE_S
        while time.monotonic() < deadline:
            if self._poll_s:
                time.sleep(self._poll_s)
                data = self._port.read(self._port.in_waiting)
            else:
                data = self._port.read(1)
                data += self._port.read(self._port.in_waiting)
            if data:
                return bytes(data)
        raise LinkError(f"the device was silent for {_SILENCE_S:g} s")


def stream(port: Any, read: Reader, windows: list[bytes], baud: int) -> Measurement:
    """Send `windows` in tinygate's protocol, as many in flight as the device has room for."""
    session = HostSession(fresh_nonce())
    session.open()
    _exchange(session, port, read)
    assert session.hello is not None
    session.write_frames(True)
    if baud != BOOT_BAUD:
        session.request(RateRequest(baud))
        _exchange(session, port, read)
        port.baudrate = baud
    began = time.perf_counter()
    session.infer(windows)
    answers = _exchange(session, port, read)
    wall_s = time.perf_counter() - began
    if baud != BOOT_BAUD:
        session.request(RateRequest(BOOT_BAUD))
        _exchange(session, port, read)
        port.baudrate = BOOT_BAUD
    data, size = b"".join(answer.data for answer in answers), session.hello.result_bytes or 1
    return Measurement(wall_s, [data[start : start + size] for start in range(0, len(data), size)])


def _exchange(session: HostSession, port: Any, read: Reader) -> list[Infer]:
    answers: list[Infer] = []
    while not session.done:
        if data := session.outgoing():
            port.write(data)
        for event in session.receive(read()):
            if isinstance(event, Answer) and isinstance(event.message, Infer):
                answers.append(event.message)
    return answers


def one_by_one(port: Any, read: Reader, windows: list[bytes]) -> Measurement:
    """Send `windows` 31 bytes at a time and wait for `m-ready` each time."""

    def ask(command: bytes) -> bytes:
        port.write(command + b"%")
        reply = b""
        while not reply.endswith(b"m-ready\r\n"):
            reply += read()
        return reply

    ask(b"name")
    began = time.perf_counter()
    outputs = [_infer_in_hex(ask, window) for window in windows]
    return Measurement(time.perf_counter() - began, outputs)


def _infer_in_hex(ask: Callable[[bytes], bytes], window: bytes) -> bytes:
    ask(b"db load %d" % len(window))
    for start in range(0, len(window), CHUNK_BYTES):
        ask(b"db " + window[start : start + CHUNK_BYTES].hex().encode())
    reply = ask(b"infer 1 0")
    return bytes(int(value) for value in reply[reply.index(b"[") + 1 : reply.index(b"]")].split(b","))


@contextmanager
def device(command: list[str], baud: int) -> Iterator[Any]:
    """Yield an open port to the device that `command` serves and whose URL it prints."""
    with subprocess.Popen([sys.executable, "-m", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().decode().strip()
            url = json.loads(line)["url"] if line.startswith("{") else line
            with serial.serial_for_url(url, baudrate=baud, timeout=POLL_S) as port:
                yield port
        finally:
            process.terminate()


def compare(model: Path, image: Path, baud: int, windows: list[bytes], hex_windows: int) -> tuple[float, float]:
    """Measure both protocols at one rate, print the figures; return the ratio, both polling, and the wire's share."""
    board = ["tinygate.virtual", "--image", str(image), "--baud-limit", "client"]
    peer = ["tools.bench.hex_device", str(model), str(baud)]
    with device(board, BOOT_BAUD) as port:
        direct = stream(port, Reader(port, 0), windows, baud)
    with device(board, BOOT_BAUD) as port:
        polling = stream(port, Reader(port, POLL_S), windows, baud)
    with device(peer, baud) as port:
        others = [one_by_one(port, Reader(port, poll_s), windows[:hex_windows]) for poll_s in (POLL_S, 0)]
    for other in (polling, *others):
        if len(direct.outputs) != len(windows) or other.outputs != direct.outputs[: len(other.outputs)]:
            raise LinkError(f"the two protocols brought different outputs at {baud} baud: one of them loses data")
    share = len(windows) * len(windows[0]) * _BITS_PER_BYTE / baud / direct.wall_s
    _print(baud, windows, share, (direct, polling), others)
    return others[0].window_ms / polling.window_ms, share


def _print(
    baud: int, windows: list[bytes], share: float, ours: tuple[Measurement, Measurement], others: list[Measurement]
) -> None:
    count, size = len(windows), len(windows[0])
    print(f"{baud} baud, {count} windows of {size} bytes")
    labels = ("reads at once", "polls every 50 ms")
    for label, measured in zip(labels, ours, strict=True):
        extra = f" {share:8.1%} of the wire" if measured is ours[0] else ""
        print(_row(f"tinygate, host {label}", measured, count) + extra)
    for label, other, own in zip(reversed(labels), others, reversed(ours), strict=True):
        sample = f"{len(other.outputs)} windows measured, total scaled to {count}"
        print(_row(f"31-byte hex, host {label}", other, count) + f" {other.window_ms / own.window_ms:7.1f}×  {sample}")


def _row(label: str, measured: Measurement, count: int) -> str:
    return f"  {label:36}{measured.window_ms * count / 1e3:8.1f} s {measured.window_ms:8.2f} ms per window"


def main() -> int:
    """Print all rates' figures; return 1 if streaming is too slow at one of them, for the other or for the wire."""
    options = _options()
    use_fast_rfc2217()
    content = options.model.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        image = build_virtual_app(content, options.model.stem, Path(folder)).folder / "tinygate.bin"
        size = _input_bytes(content)
        chance = random.Random(0)  # what the bytes say makes no difference to their transfer
        print(f"{options.model} in TensorFlow Lite Micro behind both protocols; outputs compared\n")
        found = []
        for baud in options.baud:
            count = int(options.seconds * baud / _BITS_PER_BYTE / size)
            windows = [chance.randbytes(size) for _ in range(count)]
            found.append(compare(options.model, image, baud, windows, options.hex_windows))
    ratio, share = (min(column) for column in zip(*found, strict=True))
    print(f"\nStreaming is {ratio:.1f}× as fast at least, both hosts polling (demanded: {DEMANDED_RATIO:g}×),")
    print(f"and takes {share:.1%} of the wire at least (demanded: {options.share:.0%})")
    return 0 if ratio >= DEMANDED_RATIO and share >= options.share else 1


def _input_bytes(model: bytes) -> int:
    from tinygate.virtual.interpreter import Interpreter

    return Interpreter(model, 1 << 20).window_bytes


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="of windows that tinygate's protocol streams")
    parser.add_argument("--share", type=float, default=DEMANDED_SHARE, help="of the wire that must be reached")
    parser.add_argument("--hex-windows", type=int, default=12, help="windows that the other one moves")
    parser.add_argument("--baud", type=int, nargs="+", default=BAUDS, help="rates of the simulated line")
    parser.add_argument("--model", type=Path, default=Path("models/digits/artifacts/ptq_int8.tflite"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
