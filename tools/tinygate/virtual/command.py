"""The command line of a virtual board, and how long it lives: never longer than who started it."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tinygate.virtual.esp32.chip import Chip

DEFAULT_ARENA_BYTES = 128 * 1024
_MAC_BYTES = 6


class _Server(Protocol):
    @property
    def running(self) -> bool: ...

    def step(self) -> None: ...

    def stop(self) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a virtual board until it is told to end; return the process's exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.stdio and options.image is None:
        parser.error("--stdio needs --image: without a port nothing can be flashed")
    if importlib.util.find_spec("tflite_micro") is None:
        parser.error(
            "a virtual board runs models in the tflite-micro package, which is not installed (Linux x86-64 only)"
        )
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads would not survive the fork of the processor
    return _run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tinygate.virtual", description="An emulated board on a serial port."
    )
    parser.add_argument("--target", choices=["esp32"], default="esp32", help="the chip to emulate")
    parser.add_argument("--port", type=int, default=0, help="TCP port on 127.0.0.1; a free one by default")
    parser.add_argument("--baud-limit", metavar="BAUD|client", help="simulate the line's speed (default: no limit)")
    parser.add_argument("--max-baud", type=int, help="simulate a line that garbles faster rates")
    parser.add_argument("--noise", type=float, default=0.0, help="chance per byte to be altered or lost on the line")
    parser.add_argument(
        "--arena-bytes",
        type=int,
        default=DEFAULT_ARENA_BYTES,
        help="tensor arena of an application whose image names none",
    )
    parser.add_argument("--mac", type=_mac, help="the chip's MAC, 02:4e:47:00:00:01")
    parser.add_argument(
        "--mlperf-model", default="", help="answer MLPerf Tiny's runner too, which calls the model by this name"
    )
    parser.add_argument("--flash-file", type=Path, help="keep the flash's content in this file")
    parser.add_argument("--image", type=Path, help="an application image that is in flash from the start")
    parser.add_argument("--stdio", action="store_true", help="no port: the console is standard input and output")
    return parser


def _mac(text: str) -> bytes:
    found = bytes.fromhex(text.replace(":", ""))
    if len(found) != _MAC_BYTES:
        raise ValueError(text)
    return found


def _run(options: argparse.Namespace) -> int:
    from tinygate.virtual.esp32.chip import Chip
    from tinygate.virtual.esp32.flash import Flash
    from tinygate.virtual.esp32.image import APP_ADDRESS
    from tinygate.virtual.esp32.registers import DEFAULT_MAC, Registers
    from tinygate.virtual.running import run

    flash = Flash(file=options.flash_file)
    if options.image is not None:
        image = options.image.read_bytes()
        flash.erase(APP_ADDRESS, len(image))
        flash.program(APP_ADDRESS, image)
    chip = Chip(
        flash,
        Registers(flash, options.mac or DEFAULT_MAC),
        lambda boot, uart: run(boot, options.arena_bytes, uart, options.mlperf_model),
    )
    try:
        if options.stdio:
            _serve_stdio(chip)
        else:
            _serve_port(chip, options)
    finally:
        chip.power_off()
        flash.save()
    return 0


def _serve_stdio(chip: Chip) -> None:
    from tinygate.virtual.stdio import StdioServer

    _load_interpreter()
    chip.start(time.monotonic())
    _until_told(StdioServer(chip))


def _serve_port(chip: Chip, options: argparse.Namespace) -> None:
    from tinygate.virtual.link import LinkServer
    from tinygate.virtual.wire import Wire

    follow = options.baud_limit == "client"
    baud = 115200 if follow else int(options.baud_limit) if options.baud_limit else None
    with LinkServer(chip, baud, follow, options.port, Wire(options.max_baud, options.noise)) as server:
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            server.watch(0, _at_end_of_input(server.stop))
        print(json.dumps({"url": server.url, "target": options.target, "pid": os.getpid()}), flush=True)
        _load_interpreter()
        chip.start(time.monotonic())
        _until_told(server)


def _load_interpreter() -> None:
    """Import the interpreter before the first fork: then a boot takes milliseconds."""
    import tflite_micro.python.tflite_micro.runtime  # noqa: F401


def _until_told(server: _Server) -> None:
    """Step until a signal, the end of input, or the end of the process that started this one."""
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stop())
    while server.running and os.getppid() == parent:
        server.step()


def _at_end_of_input(stop: Callable[[], None]) -> Callable[[], None]:
    def read() -> None:
        if not os.read(0, 4096):
            stop()

    return read
