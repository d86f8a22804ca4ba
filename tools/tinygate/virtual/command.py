"""The command line of a virtual board, and how long it lives: never longer than who started it."""

from __future__ import annotations

import argparse
import json
import os
import signal
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path

DEFAULT_ARENA_BYTES = 128 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a virtual board until it is told to end; return the process's exit code."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads would not survive the fork of the processor
    return _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tinygate.virtual", description="An emulated board on a serial port."
    )
    parser.add_argument("--target", choices=["esp32"], default="esp32", help="the chip to emulate")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; a free one by default")
    parser.add_argument("--baud-limit", metavar="BAUD|client", help="simulate the line's speed (default: no limit)")
    parser.add_argument("--arena-bytes", type=int, default=DEFAULT_ARENA_BYTES, help="tensor arena of the application")
    parser.add_argument("--flash-file", type=Path, help="keep the flash's content in this file")
    return parser


def _serve(options: argparse.Namespace) -> int:
    from tinygate.virtual.chip import Chip
    from tinygate.virtual.flash import Flash
    from tinygate.virtual.link import LinkServer
    from tinygate.virtual.registers import Registers

    flash = Flash(file=options.flash_file)
    chip = Chip(flash, Registers(flash), lambda app, reason, uart: None)
    follow = options.baud_limit == "client"
    baud = 115200 if follow else int(options.baud_limit) if options.baud_limit else None
    with LinkServer(chip, baud, follow, options.port) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stop())
        _end_with_parent(server.watch, server.stop)
        print(json.dumps({"url": server.url, "target": options.target, "pid": os.getpid()}), flush=True)
        chip.start(time.monotonic())
        parent = os.getppid()
        try:
            while server.running and os.getppid() == parent:
                server.step()
        finally:
            chip.power_off()
            flash.save()
    return 0


def _end_with_parent(watch: Callable[[int, Callable[[], None]], None], stop: Callable[[], None]) -> None:
    """Stop when standard input ends, if it is a pipe: whoever started the board holds its other end."""
    if stat.S_ISFIFO(os.fstat(0).st_mode):

        def read_to_end() -> None:
            if not os.read(0, 4096):
                stop()

        watch(0, read_to_end)
