"""Steps that cost minutes, each made once: kept by all that it depends on, in processes of their own, several at once.

A step's key is a hash over what it is told, and over the keys of the steps whose results it needs: so every key is
known before anything is made. A result counts as made when a proof, its sha256, stands beside it and fits; whoever is
interrupted at any moment goes on where the last proof was written.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tinygate.store.atomic import write_text

_POLL_S = 0.05
_MOST_WORKERS = 4

Command = Callable[[Mapping[str, Path], Path], Sequence[str]]


@dataclass(frozen=True)
class Step:
    """One thing to make.

    Attributes:
        name: its own.
        depends_on: all that the result depends on, besides the results of `needs`.
        needs: names of the steps before it.
        suffix: of the file that it makes.
        command: from the files of `needs` by name and the file to make to a command line; None if the file is there.
        file: that file.
    """

    name: str
    depends_on: tuple[str, ...]
    needs: tuple[str, ...] = ()
    suffix: str = ""
    command: Command | None = None
    file: Path | None = None


@dataclass(frozen=True)
class Event:
    """What happens to a step: "kept", "started", "progress", "made" or "failed"; how far it is, or why it failed.

    The first event, "planned", says how many there are.
    """

    step: str
    kind: str
    done: int = 0
    total: int = 0
    text: str = ""


Listen = Callable[[Event], None]


def keys_of(steps: Sequence[Step]) -> dict[str, str]:
    """Return the key of every step; each stands after those that it needs."""
    keys: dict[str, str] = {}
    for step in steps:
        digest = hashlib.sha256()
        for part in (step.name, *step.depends_on, *(keys[name] for name in step.needs)):
            digest.update(len(part.encode()).to_bytes(8, "little") + part.encode())
        keys[step.name] = digest.hexdigest()
    return keys


@dataclass
class Workshop:
    """Makes steps in a folder.

    Attributes:
        folder: where results are kept.
        listen: hears what happens.
        workers: how many processes at a time; 0 for what the cores allow.
        failures: why a step was not made, one sentence each, by name.
    """

    folder: Path
    listen: Listen = lambda _: None
    workers: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    def make(self, steps: Sequence[Step]) -> dict[str, Path]:
        """Return the file of every step that could be made, by name; `failures` says why the others could not.

        However it ends, no process of it is left running.
        """
        keys = keys_of(steps)
        paths = {step.name: self._path(step, keys) for step in steps}
        made = {step.name: paths[step.name] for step in steps if step.file or is_made(paths[step.name])}
        self.listen(Event("", "planned", total=len(steps)))
        for name in made:
            self.listen(Event(name, "kept"))
        running: dict[str, _Running] = {}
        try:
            while todo := [step for step in steps if step.name not in made and step.name not in self.failures]:
                self._start(todo, made, paths, running)
                self._collect(made, paths, running)
                time.sleep(_POLL_S)
        finally:
            for each in running.values():
                each.end()
        return made

    def _path(self, step: Step, keys: Mapping[str, str]) -> Path:
        return step.file or self.folder / f"{step.name.replace('/', '-')}-{keys[step.name][:32]}{step.suffix}"

    def _start(
        self, todo: Sequence[Step], made: Mapping[str, Path], paths: Mapping[str, Path], running: dict[str, _Running]
    ) -> None:
        for step in todo:
            if broken := [name for name in step.needs if name in self.failures]:
                self._fail(step.name, f"{broken[0]} could not be made: {self.failures[broken[0]]}")
            elif step.name not in running and set(step.needs) <= made.keys() and len(running) < self._workers():
                assert step.command is not None
                self.folder.mkdir(parents=True, exist_ok=True)
                command = step.command({name: made[name] for name in step.needs}, paths[step.name])
                running[step.name] = _Running(step.name, command, self.listen)
                self.listen(Event(step.name, "started"))

    def _collect(self, made: dict[str, Path], paths: Mapping[str, Path], running: dict[str, _Running]) -> None:
        for name, each in list(running.items()):
            code = each.process.poll()
            if code is None:
                continue
            each.end()
            del running[name]
            if code == 0 and paths[name].is_file():
                prove(paths[name])
                made[name] = paths[name]
                self.listen(Event(name, "made"))
            else:
                self._fail(name, each.said or f"its process ended with exit code {code}")

    def _fail(self, name: str, why: str) -> None:
        self.failures[name] = why
        self.listen(Event(name, "failed", text=why))

    def _workers(self) -> int:
        return self.workers or max(1, min(len(os.sched_getaffinity(0)), _MOST_WORKERS))


def is_made(path: Path) -> bool:
    """Whether a result is there and is the one that was proven."""
    try:
        return _proof(path).read_text(encoding="ascii") == hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return False


def prove(path: Path) -> None:
    """Write down what a result is."""
    write_text(_proof(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _proof(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


class _Running:
    """A process that makes a step; it ends when this one does, because its stdin ends then."""

    def __init__(self, name: str, command: Sequence[str], listen: Listen) -> None:
        self.said = ""
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        streams: list[tuple[Callable[[str], None], IO[str] | None]] = [
            (lambda line: _progress(name, line, listen), self.process.stdout),
            (self._error, self.process.stderr),
        ]
        self.readers = [threading.Thread(target=_read, args=each, daemon=True) for each in streams]
        for reader in self.readers:
            reader.start()

    def _error(self, line: str) -> None:
        self.said = line.strip() or self.said

    def end(self) -> None:
        """Kill the process if it still runs, and wait until all it said was heard."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


def _read(hear: Callable[[str], None], stream: IO[str]) -> None:
    for line in stream:
        hear(line)


def _progress(name: str, line: str, listen: Listen) -> None:
    done, _, total = line.strip().partition("/")
    if done.isdigit() and total.isdigit():
        listen(Event(name, "progress", int(done), int(total)))
