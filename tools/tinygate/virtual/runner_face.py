"""A second face of a virtual board: the text protocol of MLPerf Tiny's public runner, off by default.

Commands end with `%`, answers with `m-ready`. Times are those of this process: an emulated board has none of a chip.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinygate.protocol import Tensor

READY = b"m-ready\r\n"
GREETING = b"m-init-done\r\n" + READY
_PROFILE = b"ULPMark for tinyML Firmware V0.0.1"
_LONGEST_COMMAND = 80
_MOST_INVOCATIONS = 1_000_000


class RunnerFace:
    """Bytes that belong to no record in, answers out.

    Args:
        interpreter: runs the model.
        model: what the runner calls it: `ic01`, …
        uptime_us: microseconds since boot.
    """

    def __init__(self, interpreter: Any, model: str, uptime_us: Callable[[], int]) -> None:
        self._interpreter, self._model, self._uptime_us = interpreter, model.encode(), uptime_us
        self._command = b""
        self._expected = 0
        self._window = b""
        self._result = b""

    def forget(self) -> None:
        """What came is part of no command."""
        self._command = b""

    def receive(self, data: bytes) -> bytes:
        """Return the answers to the commands that `data` completes."""
        answers = b""
        for byte in data:
            if byte in b"\r\n":
                self.forget()
            elif byte != ord("%"):
                self._command = (self._command + bytes([byte]))[:_LONGEST_COMMAND]
            else:
                command, self._command = self._command, b""
                answers += b"".join(self._carried_out(command)) + READY
        return answers

    def _carried_out(self, command: bytes) -> Iterator[bytes]:
        word, *rest = command.split(b" ")
        if word == b"name":
            yield b"m-name-dut-[tinygate]\r\n"
        elif word == b"timestamp":
            yield self._time()
        elif word == b"profile":
            yield b"m-profile-[%s]\r\nm-model-[%s]\r\n" % (_PROFILE, self._model)
        elif word == b"results":
            yield self._results()
        elif word == b"infer":
            yield from self._infer(rest)
        elif word != b"db":
            yield b"e-[Unknown command: %s]\r\n" % word
        elif rest[:1] == [b"load"]:
            yield self._load(rest[1:])
        else:
            yield self._take(b"".join(rest[:1]))

    def _load(self, rest: Sequence[bytes]) -> bytes:
        size = self._interpreter.window_bytes
        self._window, self._expected = b"", 0
        if list(rest[:1]) != [b"%d" % size]:
            return b"e-[This model takes %d bytes]\r\n" % size
        self._expected = size
        return b"m-[Expecting %d bytes]\r\n" % size

    def _take(self, digits: bytes) -> bytes:
        if len(self._window) >= self._expected:
            return b""
        try:
            self._window += bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
        except ValueError:
            return b"e-[Invalid hex digit]\r\n"
        self._window = self._window[: self._expected]
        return b"m-load-done\r\n" if len(self._window) == self._expected else b""

    def _infer(self, rest: Sequence[bytes]) -> Iterator[bytes]:
        numbers = [int(word) for word in rest if word.isdigit()]
        count, warmup = (*numbers, 0, 10)[:2] if len(numbers) != 1 else (numbers[0], 10)
        if len(numbers) != len(rest) or not 0 < count <= _MOST_INVOCATIONS or warmup > _MOST_INVOCATIONS:
            yield b"e-[Expected infer N W, N above 0]\r\n"
        elif not self._expected or len(self._window) < self._expected:
            yield b"e-[No input was loaded]\r\n"
        else:
            yield from self._timed(count, warmup)

    def _timed(self, count: int, warmup: int) -> Iterator[bytes]:
        self._interpreter.reset()
        yield b"m-warmup-start-%d\r\n" % warmup
        for _ in range(warmup):
            self._interpreter.invoke(self._window)
        yield b"m-warmup-done\r\nm-infer-start-%d\r\n" % count
        yield self._time()
        for _ in range(count):
            self._result = self._interpreter.invoke(self._window)
        yield self._time()
        yield b"m-infer-done\r\n"
        yield self._results()

    def _time(self) -> bytes:
        return b"m-lap-us-%d\r\n" % self._uptime_us()

    def _results(self) -> bytes:
        if not self._result:
            return b"e-[No input was loaded]\r\n"
        values, start = list[float](), 0
        for tensor in self._interpreter.outputs:
            values += _reals(self._result[start : start + tensor.size_bytes], tensor)
            start += tensor.size_bytes
        return b"m-results-[%s]\r\n" % b",".join(b"%.3f" % value for value in values)


def _reals(raw: bytes, tensor: Tensor) -> list[float]:
    if tensor.dtype == "float32":
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    codes = np.frombuffer(raw, np.dtype(tensor.dtype).newbyteorder("<")).astype(np.float64)
    return [float(value) for value in (codes - tensor.zero_point) * tensor.scale] if tensor.scale else codes.tolist()
