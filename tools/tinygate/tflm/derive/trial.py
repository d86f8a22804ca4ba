"""Runs models in the TFLM wheel, each in a forked process with limits in time and memory: many of them end it.

A program too (`python trial.py`): it reads models from stdin, 8 bytes of length and the content each, and answers each
with a line of JSON. It imports nothing of tinygate.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any

_ARENA_BYTES = 1 << 18
_MEMORY_BYTES = 2 << 30
_SECONDS = 10
_LAST_WORDS = 400


@dataclass(frozen=True)
class Outcome:
    """What became of a model.

    Attributes:
        ran: whether it was prepared and invoked without an error.
        words: the last that was printed, in one line.
        outputs: what was computed, as hexadecimal digits; empty for types that the wheel cannot return.
        died: whether it took the process with it.
    """

    ran: bool
    words: str
    outputs: str = ""
    died: bool = False


class Trials:
    """The process that runs models; a context manager."""

    def __enter__(self) -> Trials:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"})  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def run(self, model: bytes) -> Outcome:
        """Run a model once on 1, 2, 3, …. What dies is run once more by itself: another may have damaged memory."""
        outcome = self._ask(model)
        return self._ask(model) if outcome.died else outcome

    def _ask(self, model: bytes) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(len(model).to_bytes(8, "little") + model)
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))


def _invoke(model: bytes) -> str:
    import numpy as np
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=_ARENA_BYTES)
    for index in _indices(interpreter.get_input_details):
        details = interpreter.get_input_details(index)
        values = 1 + np.arange(np.prod(details["shape"], dtype=int))
        with contextlib.suppress(TypeError, ValueError):  # of a type that cannot be fed: the arena's zeros stay
            interpreter.set_input(values.astype(details["dtype"]).reshape(details["shape"]), index)
    interpreter.invoke()
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        outputs = _indices(interpreter.get_output_details)
        return "".join(interpreter.get_output(index).tobytes().hex() for index in outputs)
    return ""


def _indices(details: Callable[[int], Any]) -> list[int]:
    """Return 0, 1, … as far as there are tensors: the wheel cannot count them."""
    found: list[int] = []
    with contextlib.suppress(IndexError, ValueError):
        while True:
            details(len(found))
            found.append(len(found))
    return found


def _serve(log: int, answers: int) -> None:
    """Run models until stdin ends, in a process that may die of one."""
    os.dup2(log, 1)
    os.dup2(log, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    while size := _read(8):
        model = _read(int.from_bytes(size, "little"))
        os.ftruncate(log, 0)
        os.lseek(log, 0, os.SEEK_SET)
        signal.alarm(_SECONDS)
        try:
            outcome = Outcome(True, "", _invoke(model))
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            outcome = Outcome(False, _words(log))
        _answer(answers, outcome)
        signal.alarm(0)


def _read(count: int) -> bytes:
    """Return so many bytes of stdin, unbuffered: processes take turns with it."""
    data = b""
    while len(data) < count and (part := os.read(0, count - len(data))):
        data += part
    return data


def _words(log: int) -> str:
    text = os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")
    return " | ".join(line.strip() for line in text.splitlines() if line.strip())[-_LAST_WORDS:]


def _answer(answers: int, outcome: Outcome) -> None:
    os.write(answers, json.dumps(asdict(outcome)).encode() + b"\n")


def main() -> None:
    """Serve until stdin ends."""
    import tflite_micro.python.tflite_micro.runtime  # noqa: F401  once, for all children

    answers, status = os.dup(1), -1
    with tempfile.TemporaryFile() as log:
        while status != 0:
            child = os.fork()
            if child == 0:
                _serve(log.fileno(), answers)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if status != 0:
                how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
                _answer(answers, Outcome(False, f"{_words(log.fileno())} | {how}".strip(" |"), died=True))


if __name__ == "__main__":
    main()
