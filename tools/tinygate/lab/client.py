"""A run's end of the agent: starts it in labgrid's environment, asks it, and hears what becomes of places."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import selectors
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygate.errors import LabError

PYTHON_VARIABLE = "TINYGATE_LABGRID"
_AGENT = Path(__file__).with_name("agent")
_START_S, _ANSWER_S, _END_S = 30.0, 60.0, 15.0
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Event:
    """What happened without being asked for.

    Attributes:
        kind: "taken", "lost"; "down", "up" of the coordinator; "gone": the agent itself has ended.
        place: which place; empty for the coordinator.
        port: URL of a place's serial port, once it is taken.
        reason: why it was lost.
    """

    kind: str
    place: str = ""
    port: str = ""
    reason: str = ""


def labgrid_python(folder: Path) -> Path:
    """Return the interpreter of labgrid's environment: TINYGATE_LABGRID, or .venv-lab below a project's folder.

    Raises:
        LabError: there is none.
    """
    named = os.environ.get(PYTHON_VARIABLE)
    found = Path(named) if named else folder / ".venv-lab" / "bin" / "python"
    if not found.is_file():
        raise LabError(
            f"{found}: labgrid is not here; it has an environment of its own: `make lab` in tinygate's checkout, or "
            f"`python3 -m venv .venv-lab && .venv-lab/bin/pip install labgrid==26.0.1`; {PYTHON_VARIABLE} names another"
        )
    return found.absolute()


def holder_of(run: str) -> str:
    """Return the name under which a run holds places: host/user.run, no other run's."""
    return f"{socket.gethostname()}/{getpass.getuser()}.{run}"


class Agent:
    """The agent's process; use it as a context. All that it holds is given back when this one ends, however it ends."""

    def __init__(self, python: Path, address: str, run: str, log: Path) -> None:
        """Start it and connect.

        Args:
            python: of labgrid's environment.
            address: the coordinator's HOST:PORT.
            run: the run's name, for whoever asks who holds a place.
            log: file for what labgrid says.

        Raises:
            LabError: the coordinator does not answer, or the process does not start.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        host, _, user = holder_of(run).partition("/")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LG_COORDINATOR"))}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [python, _AGENT, address],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**environment, "LG_HOSTNAME": host, "LG_USERNAME": user},
                start_new_session=True,  # a terminal's Ctrl-C, and a kill of our group, leave it to give places back
            )
        assert self._process.stdout is not None
        self.descriptor = self._process.stdout.fileno()
        self._log, self._unfinished, self._number = log, b"", 0
        self._events: list[Event] = []
        self._answers: dict[int, Mapping[str, Any]] = {}
        os.set_blocking(self.descriptor, False)
        self._await_start(address)

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Have everything given back, and wait for that."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):  # the coordinator is down: it goes on trying by itself
            self._process.wait(_END_S)
        self._process.stdout.close()

    def _await_start(self, address: str) -> None:
        deadline = time.monotonic() + _START_S
        while not self._events and time.monotonic() < deadline:
            self._read(0.2)
        first = self._events.pop(0) if self._events else Event("silent")
        if first.kind == "up":
            return
        self.close()
        if first.kind == "unreachable":
            raise LabError(
                f"{address}: no labgrid coordinator answers there ({first.reason}); start one, or try a lab on this "
                "machine with `tinygate lab up --virtual 4`"
            )
        raise LabError(f"labgrid does not start; {self._log} says: {_last_line(self._log)}")

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have something done and return its result. Raises LabError: labgrid refuses, in its words."""
        assert self._process.stdin is not None
        self._number += 1
        number = self._number
        line = json.dumps({"id": number, "do": do, **arguments}).encode() + b"\n"
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError as error:
            raise self._gone() from error
        deadline = time.monotonic() + _ANSWER_S
        while number not in self._answers and time.monotonic() < deadline:
            if self._process.poll() is not None and not self._read(0.0):
                raise self._gone()
            self._read(0.5)
        answer = self._answers.pop(number, {"error": f"no answer within {_ANSWER_S:g} s"})
        if "error" in answer:
            raise LabError(f"labgrid: {do} {arguments.get('place', '')}: {answer['error']}")
        return answer["result"]

    def events(self) -> list[Event]:
        """Return what has happened since the last call, without waiting."""
        while self._read(0.0):
            pass
        found, self._events = self._events, []
        if self._process.poll() is not None:
            found.append(Event("gone", reason=f"labgrid's process has ended; {self._log} says why"))
        return found

    def _gone(self) -> LabError:
        return LabError(f"labgrid's process has ended; {self._log} says: {_last_line(self._log)}")

    def _read(self, wait_s: float) -> bool:
        """Take in what was said; return whether there was anything."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.descriptor, selectors.EVENT_READ)
            if not selector.select(wait_s):
                return False
        data = os.read(self.descriptor, _CHUNK_BYTES)
        *lines, self._unfinished = (self._unfinished + data).split(b"\n")
        for line in lines:
            said: dict[str, Any] = json.loads(line)
            if "event" in said:
                self._events.append(Event(said.pop("event"), **said))
            else:
                self._answers[said["id"]] = said
        return bool(data)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"
