"""As much of GDB's remote protocol as provokes a fault: stop at an address, change registers and memory, go on."""

from __future__ import annotations

import socket
from collections.abc import Mapping

SP, PC = 13, 15


class GdbRemote:
    """A connection to QEMU's debugger port; the machine stands still from now on until `go`."""

    def __init__(self, port: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""
        self._ask("qXfer:features:read:target.xml:0,1")  # or QEMU speaks of no single register

    def run_to(self, address: int) -> None:
        """Let the machine run until it comes to an address."""
        self._expect_ok(f"Z1,{address:x},2")
        answer = self._ask("c")
        while not answer.startswith("T05"):
            answer = self._packet()
        self._expect_ok(f"z1,{address:x},2")

    def set_registers(self, values: Mapping[int, int]) -> None:
        for number, value in values.items():
            self._expect_ok(f"P{number:x}={value.to_bytes(4, 'little').hex()}")

    def write(self, address: int, content: bytes) -> None:
        self._expect_ok(f"M{address:x},{len(content):x}:{content.hex()}")

    def go(self) -> None:
        """Let the machine run, and leave it."""
        self._ask("D")
        self._line.close()

    def _expect_ok(self, command: str) -> None:
        answer = self._ask(command)
        assert answer == "OK", f"QEMU answers {command} with {answer!r}"

    def _ask(self, command: str) -> str:
        self._line.sendall(b"$%s#%02x" % (command.encode(), sum(command.encode()) % 256))
        while (answer := self._packet()).startswith("T") and command != "c":
            pass  # it says once more that the machine stands still
        return answer

    def _packet(self) -> str:
        while b"#" not in self._heard or len(self._heard.partition(b"#")[2]) < 2:
            received = self._line.recv(4096)
            assert received, "QEMU hung up"
            self._heard += received
        packet, _, rest = self._heard.partition(b"#")
        self._heard = rest[2:]
        self._line.sendall(b"+")
        return packet.partition(b"$")[2].decode()
