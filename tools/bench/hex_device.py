"""A device that speaks a line protocol of one round trip per 31 bytes, after MLPerf Tiny's; for comparison only.

Commands end with `%`, replies with CR LF, and each command's last reply is `m-ready`:

    name%            m-name-dut-[tinygate-bench]
    db load N%       m-[Expecting N bytes]            begin a window of N bytes
    db HEX%          m-[k bytes loaded]               up to 31 bytes as hex digits
    infer N W%       m-results-[…]                    W warm-ups, N inferences; the outputs as integers
    anything else    e-[…]

    python -m tools.bench.hex_device MODEL BAUD       prints its URL and serves until its input ends
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from tinygate.virtual.interpreter import Interpreter
from tinygate.virtual.link import LinkServer

ARENA_BYTES = 128 * 1024
CHUNK_BYTES = 31


class HexDevice:
    """The device behind the line; `tinygate.virtual.link.Device` says what each method is for."""

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self._command = b""
        self._window = b""
        self._outgoing = b""

    def receive(self, data: bytes, now: float) -> None:
        """Carry out each command that has arrived whole."""
        *commands, self._command = (self._command + data).split(b"%")
        for command in commands:
            self._outgoing += self._answer(command.strip().split(b" ")) + b"\r\nm-ready\r\n"

    def advance(self, now: float, room: int) -> bytes:
        """Return the replies."""
        data, self._outgoing = self._outgoing, b""
        return data

    def _answer(self, words: list[bytes]) -> bytes:
        match words:
            case [b"name"]:
                return b"m-name-dut-[tinygate-bench]"
            case [b"db", b"load", size]:
                self._window = b""
                return b"m-[Expecting %d bytes]" % int(size)
            case [b"db", digits]:
                self._window += bytes.fromhex(digits.decode())
                return b"m-[%d bytes loaded]" % len(self._window)
            case [b"infer", count, warmup]:
                return b"m-results-[%s]" % self._infer(int(count) + int(warmup))
        return b"e-[unknown command]"

    def _infer(self, count: int) -> bytes:
        output = b"".join(self._interpreter.invoke(self._window) for _ in range(count))[-self._output_bytes :]
        return b",".join(b"%d" % byte for byte in output)

    @property
    def _output_bytes(self) -> int:
        return sum(tensor.size_bytes for tensor in self._interpreter.outputs)

    def set_lines(self, dtr: bool, rts: bool, now: float) -> None:
        """Ignore the control lines: nothing resets this device."""

    def set_baud(self, baud: int) -> None:
        """Ignore the client's rate: the line's is given."""

    def baud(self) -> int | None:
        """Return None: it understands every rate."""
        return None

    def deadline(self) -> float | None:
        """Return None: nothing is ever due later."""
        return None

    def descriptors(self) -> list[int]:
        """Return none: there is no process behind it."""
        return []


def main() -> None:
    """Serve one client."""
    model, baud = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
    with LinkServer(HexDevice(Interpreter(model, ARENA_BYTES)), baud) as server:
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            server.watch(0, server.stop)
        print(server.url, flush=True)
        server.run()


if __name__ == "__main__":
    main()
