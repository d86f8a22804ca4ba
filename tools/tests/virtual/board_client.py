"""A host for the tests: starts virtual boards as processes and talks to them as any client would, over the serial port."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import serial

import tinygate
from tinygate.errors import IdentityError
from tinygate.protocol import Answer, HostSession, Infer, Message, Text, fresh_nonce

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(tinygate.__file__).parent.parent)}
HANDLERS = "tinygate.board.urlhandler"
_ESPTOOL = f"import serial; serial.protocol_handler_packages.insert(0, '{HANDLERS}'); import esptool; esptool._main()"


@contextmanager
def board_process(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start a virtual board; yield its process and URL."""
    command = [sys.executable, "-m", "tinygate.virtual", *options]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def esptool(url: str, *arguments: str) -> str:
    """Run esptool, unmodified, in a process of its own; return what it printed."""
    command = [sys.executable, "-W", "ignore", "-c", _ESPTOOL, "--port", url, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


class Client:
    """A serial port with a protocol session on it; `console` collects what is no record."""

    def __init__(self, url: str) -> None:
        if HANDLERS not in serial.protocol_handler_packages:
            serial.protocol_handler_packages.insert(0, HANDLERS)
        self.port: Any = serial.serial_for_url(url, 115200, timeout=0.02)
        self.console = ""
        self.session = HostSession(fresh_nonce())
        self.answers: list[Message] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.port.close()

    def reset(self) -> None:
        """Pull EN low through RTS, with IO0 high."""
        self.port.dtr = False
        self.port.rts = True
        self.port.rts = False

    def until(self, done: Callable[[], bool], timeout_s: float = 8.0) -> None:
        """Move bytes until `done`."""
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline, f"nothing came within {timeout_s} s; console so far:\n{self.console}"
            if data := self.session.outgoing():
                self.port.write(data)
            for event in self.session.receive(self.port.read(self.port.in_waiting or 1)):
                if isinstance(event, Text):
                    self.console += event.raw.decode(errors="replace") + "\n"
                elif isinstance(event, Answer):
                    self.answers.append(event.message)

    def hear(self, text: str, times: int = 1) -> str:
        """Wait until the console has said `text` so often; return the console's text."""
        self.until(lambda: self.console.count(text) >= times)
        return self.console

    def hello(self) -> Any:
        """Open a fresh session, trying again while the board boots; return the hello record."""
        deadline = time.monotonic() + 8
        while True:
            self.session = HostSession(fresh_nonce())
            self.session.open()
            asked = time.monotonic()
            assert asked < deadline, f"no hello; console so far:\n{self.console}"
            with suppress(IdentityError):  # the late answer to an earlier try
                self.until(lambda asked=asked: self.session.hello is not None or time.monotonic() > asked + 0.3)
            if self.session.hello is not None:
                return self.session.hello

    def ask(self, *requests: Message) -> Any:
        """Return the answer to the last of the requests."""
        self.session.request(*requests)
        self.until(lambda: self.session.done)
        return self.answers[-1]

    def infer(self, windows: list[bytes]) -> bytes:
        """Return the outputs of all windows."""
        self.answers.clear()
        self.session.infer(windows)
        self.until(lambda: self.session.done)
        outputs = sorted((answer.first, answer.data) for answer in self.answers if isinstance(answer, Infer))
        return b"".join(data for _, data in outputs)
