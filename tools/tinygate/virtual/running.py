"""A virtual board's application from boot to restart: what it says unasked, and bytes from and to its UART."""

from __future__ import annotations

import os
import secrets
import socket

from tinygate.virtual.app import App
from tinygate.virtual.chip_arena import chip_arena
from tinygate.virtual.description import TARGET, Refusal, load
from tinygate.virtual.esp32.boot import Boot
from tinygate.virtual.esp32.console_text import log
from tinygate.virtual.interpreter import ALIGNMENT, Interpreter
from tinygate.virtual.line_rate import LineRate


def run(boot: Boot, arena_bytes: int, uart: socket.socket, runners_model: str = "") -> None:
    """Run the application on `uart` until it is asked to restart or the other end closes.

    `runners_model` is what MLPerf Tiny's runner calls the model; it is answered too if there is a name.

    Its arena has the size that a restart asked for, else the image's, else `arena_bytes`, down to a multiple of 16.

    The interpreter's own messages go to the UART, as they would on a chip.
    """
    for descriptor in (1, 2):
        os.dup2(uart.fileno(), descriptor)
    tried_bytes, boot.rtc.next_arena_bytes = boot.rtc.next_arena_bytes, 0
    arena_bytes = (tried_bytes or boot.app.arena_bytes or arena_bytes) // ALIGNMENT * ALIGNMENT
    on_chip = chip_arena(boot.app.model, TARGET)
    here = on_chip.size_here(arena_bytes) if on_chip else arena_bytes
    loaded = load(boot.app.model, here, is_trial=bool(tried_bytes))
    uart.sendall(_greeting(boot, loaded).encode())
    app = App(boot, loaded, arena_bytes, secrets.token_hex(4), on_chip=on_chip)
    if runners_model:
        app.show_runner_face(runners_model)
    uart.sendall(app.announce())
    while not app.restarting and (data := _received(uart, app.line)) is not None:
        for output in app.receive(data):
            uart.sendall(output)
            app.line.apply()


def _received(uart: socket.socket, line: LineRate) -> bytes | None:
    """Return bytes as soon as there are any; none when it is time to look at the rate, None at the end."""
    uart.settimeout(line.patience_s())
    try:
        data = uart.recv(1 << 16)
    except TimeoutError:
        line.check()
        return b""
    uart.settimeout(None)
    line.check()
    return data or None


def _greeting(boot: Boot, loaded: Interpreter | Refusal) -> str:
    if isinstance(loaded, Refusal):
        return "".join(log("E", "tinygate", line) for line in [loaded.status, *loaded.detail.splitlines()])
    return log("I", "tinygate", f"variant {boot.app.variant}: {len(boot.app.model)} bytes of model")
