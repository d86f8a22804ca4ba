"""Faults by kind, each made from a random source, with the verdicts that are right for it alone."""

from __future__ import annotations

import dataclasses
import random
import re
import zlib
from collections.abc import Callable
from typing import Any

from simulation import ERROR, Fault

from tinygate import protocol

LAST = 18  # replies after hello: of the plan's requests, numbered from 1
PANIC = b"\r\nGuru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.\r\n"
RESET = b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
HEALTH = protocol.HealthRequest


def sealed(body: bytes) -> bytes:
    return b"%s *%08x\r\n" % (body, zlib.crc32(body))


class OnLine(Fault):
    """Changes one line: the request with this number, or the reply."""

    def __init__(
        self, name: str, allowed: str | tuple[str, ...], way: str, number: int, change: Callable[[bytes], list[bytes]]
    ) -> None:
        super().__init__(name, *([allowed] if isinstance(allowed, str) else allowed))
        self.way, self.number, self.change = way, number, change

    def _changed(self, line: bytes) -> list[bytes]:
        if self.acted:
            return [line]
        outs = self.change(line)
        self.acted = outs != [line]
        return outs

    def to_board(self, number: int, line: bytes) -> list[bytes]:
        return self._changed(line) if self.way == "board" and number >= self.number else [line]

    def to_host(self, number: int, line: bytes) -> list[tuple[float, bytes]]:
        outs = self._changed(line) if self.way == "host" and number >= self.number else [line]
        return [(0.0, out) for out in outs]


class OnHello(Fault):
    def __init__(self, name: str, allowed: str, **fields: Any) -> None:
        super().__init__(name, allowed)
        self.fields = fields

    def hello(self, hello: protocol.Hello) -> protocol.Hello:
        self.acted = True
        return dataclasses.replace(hello, **self.fields)


class OnAnswer(Fault):
    def __init__(self, name: str, allowed: str, kind: type[protocol.Message], change: Callable[[Any], Any]) -> None:
        super().__init__(name, allowed)
        self.kind, self.change = kind, change

    def answer(self, request: protocol.Message, message: protocol.Message) -> protocol.Message | None:
        if not isinstance(message, self.kind):
            return message
        self.acted = True
        changed: protocol.Message | None = self.change(message)
        return changed


class Later(Fault):
    """Prints something after the answer to a kind of request."""

    def __init__(self, name: str, allowed: str, kind: type[protocol.Message], delay_s: float, text: bytes) -> None:
        super().__init__(name, allowed)
        self.kind, self.delay_s, self.text = kind, delay_s, text

    def after(self, request: protocol.Message) -> list[tuple[float, bytes]]:
        if not isinstance(request, self.kind) or self.acted:
            return []
        self.acted = True
        return [(self.delay_s, self.text)]


class Hang(Fault):
    """No answers from a request on; hello is answered or not."""

    def __init__(self, name: str, allowed: str, number: int, answers_hello: bool) -> None:
        super().__init__(name, allowed)
        self.number, self.answers_hello, self.seen = number, answers_hello, 0

    def answer(self, request: protocol.Message, message: protocol.Message) -> protocol.Message | None:
        self.seen += 1
        is_kept = self.seen <= self.number or (self.answers_hello and isinstance(request, protocol.HelloRequest))
        self.acted = self.acted or not is_kept
        return message if is_kept else None


class Cut(Fault):
    """One way of the line, or both, dead from a line on."""

    def __init__(self, name: str, number: int, way: str, *allowed: str) -> None:
        super().__init__(name, *(allowed or (ERROR,)))
        self.number, self.way = number, way

    def _kept(self, number: int, way: str) -> bool:
        kept = way not in self.way or number < self.number
        self.acted = self.acted or not kept
        return kept

    def to_board(self, number: int, line: bytes) -> list[bytes]:
        return [line] if self._kept(number, "board") else []

    def to_host(self, number: int, line: bytes) -> list[tuple[float, bytes]]:
        return [(0.0, line)] if self._kept(number, "host") else []


class Slow(Fault):
    """Takes its time over every answer, or every few."""

    def __init__(self, name: str, allowed: str, seconds: float, every: int = 1) -> None:
        super().__init__(name, allowed)
        self.seconds, self.every, self.acted, self.seen = seconds, every, True, 0

    def cost_s(self, request: protocol.Message) -> float:
        self.seen += not isinstance(request, protocol.HelloRequest)
        return self.seconds if self.seen and self.seen % self.every == 0 else 0.0


class BootPrint(Fault):
    def __init__(self, name: str, allowed: str, text: bytes) -> None:
        super().__init__(name, allowed)
        self.text, self.acted = text, True

    def boot_text(self, text: bytes) -> bytes:
        return text + self.text


def flipped(source: random.Random) -> Callable[[bytes], list[bytes]]:
    def change(line: bytes) -> list[bytes]:
        place, bit = source.randrange(len(line) - 2), 1 << source.randrange(7)
        return [line[:place] + bytes([line[place] ^ bit]) + line[place + 1 :]]

    return change


def resealed(pattern: bytes, new: bytes) -> Callable[[bytes], list[bytes]]:
    def change(line: bytes) -> list[bytes]:
        body = line.rpartition(b" *")[0]
        altered = re.sub(pattern, new, body, count=1)
        return [sealed(altered)] if altered != body else [line]

    return change


def replayed(fault_line: bytes) -> list[bytes]:
    """The same line with an older session's nonce."""
    return resealed(rb"nonce=\w{8}", b"nonce=0badcafe")(fault_line)


def restarted(reason: str, boot_id: str = "deadbeef") -> bytes:
    from fake_board import HELLO

    device = protocol.DeviceSession(boot_id, 256)
    device.ready(dataclasses.replace(HELLO, reset_reason=reason))
    return device.outgoing()


def drop(_: bytes) -> list[bytes]:
    return []


def twice(line: bytes) -> list[bytes]:
    return [line, line]


def without_end(line: bytes) -> list[bytes]:
    return [line.rstrip(b"\r\n")]


def insert(text: bytes, source: random.Random) -> Callable[[bytes], list[bytes]]:
    place = source.random()

    def change(line: bytes) -> list[bytes]:
        at = max(6, int(place * (len(line) - 2)))  # within the record: before it, it is console text
        return [line[:at] + text + line[at:]]

    return change


def before(text: bytes) -> Callable[[bytes], list[bytes]]:
    return lambda line: [text + line]
