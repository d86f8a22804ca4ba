"""A lab on this machine: labgrid's coordinator and exporter, virtual boards and a switch for their power, on loopback.

To try, to learn and to test; nothing of it outlives who started it. A coordinator or exporter that dies is started
again, as systemd would do it.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from tinygate.errors import LabError
from tinygate.gate.session import die_with_parent
from tinygate.lab.client import Agent
from tinygate.targets import DEFAULT_CHIP

EXPORTER = "this-machine"
VIRTUAL_BOARD = (sys.executable, "-m", "tinygate.virtual")
_MACS = "02:4e:47:00:01"  # locally administered: no vendor's
_BOARD_PORT_S, _START_S, _STOP_S = 60.0, 30.0, 5.0


@dataclass
class VirtualBoard:
    """A virtual board at a port that stays, whether its power is on or not."""

    name: str
    mac: str
    port: int
    command: Sequence[str]
    log: Path
    baud: int | None = None
    process: subprocess.Popen[bytes] | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def tags(self) -> dict[str, str]:
        """What the lab says of its place."""
        line = {"baud": str(self.baud)} if self.baud else {}
        return {"target": DEFAULT_CHIP, "board": "virtual", "mac": self.mac, **line}

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self.process is not None and self.process.poll() is None

    def switch(self, on: bool) -> None:
        """Give it power, or take it away. It ends with this process: its standard input is a pipe from here."""
        with self._lock:
            if self.process is not None and (not on or not self.is_on):
                self.process.kill()
                self.process.wait()
                assert self.process.stdin is not None
                self.process.stdin.close()
                self.process = None
            if on and self.process is None:
                command = [*self.command, "--port", str(self.port), "--mac", self.mac]
                with self.log.open("ab") as log:
                    self.process = subprocess.Popen(
                        command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
                    )


class PowerSwitch(ThreadingHTTPServer):
    """Switches boards as labgrid's NetworkPowerDriver asks for it in its model "rest": /power/<index>."""

    daemon_threads = True

    def __init__(self, boards: Sequence[VirtualBoard]) -> None:
        super().__init__(("127.0.0.1", 0), _PowerRequest)
        self.boards = boards
        Thread(target=self.serve_forever, daemon=True).start()


class _PowerRequest(BaseHTTPRequestHandler):
    server: PowerSwitch

    def _board(self) -> VirtualBoard:
        return self.server.boards[int(self.path.rpartition("/")[2])]

    def do_GET(self) -> None:
        """Say whether a board has power."""
        self._say(b"1" if self._board().is_on else b"0")

    def do_PUT(self) -> None:
        """Switch a board's power."""
        board, on = self._board(), self.rfile.read(int(self.headers["Content-Length"])) == b"1"
        board.switch(on)
        if on:
            _await_port(board.port, _BOARD_PORT_S, board.name, board.log.parent)
        self._say(b"")

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal."""


class Rack:
    """Coordinator, exporter, boards and their places; use it as a context."""

    def __init__(
        self,
        python: Path,
        port: int,
        count: int,
        folder: Path,
        board: Sequence[str] = VIRTUAL_BOARD,
        baud: int | None = None,
    ) -> None:
        """Prepare a rack.

        Args:
            python: of labgrid's environment.
            port: TCP port of the coordinator; 0 for a free one.
            count: how many virtual boards.
            folder: for logs and labgrid's state.
            board: what runs a virtual board; it is told port and MAC.
            baud: the fastest rate of the boards' lines; None for any, and no limit at all.
        """
        self._python, self._folder = python, folder
        command = [*board, "--baud-limit", "client", "--max-baud", str(baud)] if baud else board
        free, *ports = _free_ports(count + 1)
        self.address = f"127.0.0.1:{port or free}"
        self.boards = [
            VirtualBoard(f"virtual-{n}", f"{_MACS}:{n:02x}", ports[n - 1], command, folder / f"board-{n}.log", baud)
            for n in range(1, count + 1)
        ]
        self.servers: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Rack:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.servers.values():
            process.kill()
            process.wait()
        for board in self.boards:
            board.switch(False)

    def _start(self) -> None:
        for board in self.boards:
            board.switch(True)
        power = PowerSwitch(self.boards).server_address[1]
        resources = {board.name: _resources(board, n, power) for n, board in enumerate(self.boards)}
        (self._folder / "exporter.yaml").write_text(json.dumps(resources, indent=1))  # JSON is YAML
        self._serve("coordinator", "-l", self.address)
        _await_port(int(self.address.rpartition(":")[2]), _START_S, "labgrid's coordinator", self._folder)
        self._define_places()
        self._serve_exporter()
        for board in self.boards:
            _await_port(board.port, _BOARD_PORT_S, board.name, self._folder)

    def _serve_exporter(self) -> None:
        self._serve("exporter", "-c", self.address, "-n", EXPORTER, str(self._folder / "exporter.yaml"))

    def _serve(self, name: str, *arguments: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self.servers[name] = subprocess.Popen(
                [self._python.with_name(f"labgrid-{name}"), *arguments],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent,
            )  # fmt: skip

    def _define_places(self) -> None:
        with Agent(self._python, self.address, "lab-up", self._folder / "agent.log") as agent:
            for board in self.boards:
                agent.ask("define", place=board.name, match=f"{EXPORTER}/{board.name}/*", tags=board.tags)

    def keep(self) -> list[str]:
        """Start again what has died; return what that was."""
        died = [name for name, process in self.servers.items() if process.poll() is not None]
        if "coordinator" in died:
            self._serve("coordinator", "-l", self.address)
            _await_port(int(self.address.rpartition(":")[2]), _START_S, "labgrid's coordinator", self._folder)
            self._define_places()  # it writes down what it knows every 15 s
        if "exporter" in died:
            self._serve_exporter()
        return died


def _resources(board: VirtualBoard, index: int, power_port: int) -> Mapping[str, Any]:
    """Return what the exporter offers of a board."""
    power = {"model": "rest", "host": f"http://127.0.0.1:{power_port}/power/{{index}}", "index": index}
    serial = {"host": "127.0.0.1", "port": board.port, "speed": 115200, "protocol": "rfc2217"}
    return {"NetworkSerialPort": serial, "NetworkPowerPort": power}


def _free_ports(count: int) -> list[int]:
    """Return free TCP ports, no one twice: all are taken before any is let go."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(server.getsockname()[1]) for server in servers]


def _await_port(port: int, wait_s: float, who: str, folder: Path) -> None:
    deadline = time.monotonic() + wait_s
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 1.0):
                return
        except OSError:
            time.sleep(0.1)
    raise LabError(f"{who} did not come up within {wait_s:g} s; its log is in {folder}")
