"""Starts the interpreter's process, asks it, and outlives it: one process per runtime, reused, with limits.

A request that takes too long or a process that dies (TensorFlow Lite Micro aborts on failed checks) costs that process
only: the caller gets a ModelFileError with its last words, and the next request a new process. What was stopped or
killed from outside says nothing of the model: a LabError.

A process ends with the thread that started it, so that one that never ends starts all: see `worker.end_with_parent`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tinygate.errors import LabError, ModelFileError, TinygateError
from tinygate.oracle.pipe import Pipe
from tinygate.oracle.worker import Arrays, read_message, write_message

MEMORY_LIMIT_BYTES = 4 << 30
_LAST_WORDS_LINES = 5
_EXIT_TIMEOUT_S = 5.0
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class InterpreterProcess:
    """A running worker. Not for use by several threads at once."""

    def __init__(self, runtime: str, memory_limit_bytes: int = MEMORY_LIMIT_BYTES) -> None:
        self.runtime = runtime
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        read_end, write_end = os.pipe()
        worker = Path(__file__).with_name("worker.py")
        self._process = _started(
            [sys.executable, "-W", "ignore", str(worker), str(write_end), str(memory_limit_bytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(write_end,),
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            bufsize=0,
        )
        os.close(write_end)
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)
        os.set_blocking(read_end, False)
        self._answers = Pipe(read_end)

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None and not self._answers.closed

    def ask(self, request: dict[str, Any], arrays: Arrays, timeout_s: float) -> tuple[Arrays, str]:
        """Return the arrays of the answer and what the interpreter printed meanwhile.

        Raises:
            ModelFileError: the interpreter refused, died or took longer than `timeout_s`.
            LabError: its process was stopped or killed from outside.
        """
        self._forget_printed()
        assert self._process.stdin is not None
        self._answers.deadline = time.monotonic() + timeout_s
        try:
            write_message(Pipe(self._process.stdin.fileno(), self._answers.deadline), request, arrays)
            message = read_message(self._answers)
        except BrokenPipeError:
            raise self._died() from None
        except TimeoutError:
            raise self._late(timeout_s) from None
        except BaseException:  # interrupted half way: what follows in the pipe is no answer to anything
            self.close()
            raise
        if message is None:
            raise self._died()
        header, results = message
        if header["error"]:
            raise ModelFileError(f"{self.runtime} cannot run this model: {header['error']}.{self._last_words()}")
        return results, self._printed()

    def close(self) -> None:
        """End the process and free what it held. May be called again."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.kill()
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
            self._process.wait(_EXIT_TIMEOUT_S)
            self._answers.close()
            self._log.close()

    def _late(self, timeout_s: float) -> TinygateError:
        stopped = _is_stopped(self._process.pid)
        self.close()
        if stopped:
            return LabError(f"{self.runtime}'s process was stopped from outside (SIGSTOP); it was ended, run again")
        return ModelFileError(
            f"{self.runtime} did not finish within {timeout_s:g} s on this model; it was stopped. "
            "Is the model meant for a microcontroller?"
        )

    def _died(self) -> TinygateError:
        code = self._process.wait(_EXIT_TIMEOUT_S)
        words = self._last_words()
        self.close()
        if -code in _FROM_OUTSIDE:
            return LabError(
                f"{self.runtime}'s process was killed from outside ({signal.Signals(-code).name}), by a user or for "
                "want of memory; nothing is known of the model, run again"
            )
        how = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        return ModelFileError(
            f"{self.runtime} {how} while it ran this model: the model breaks one of its checks.{words}"
        )

    def _forget_printed(self) -> None:
        os.ftruncate(self._log.fileno(), 0)
        os.lseek(self._log.fileno(), 0, os.SEEK_SET)  # the process writes at this offset: it shares the open file

    def _printed(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def _last_words(self) -> str:
        lines = [line for line in self._printed().splitlines() if line.strip()][-_LAST_WORDS_LINES:]
        return f" Its last words: {' | '.join(lines)}" if lines else " It left no message."


def _is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
    except OSError:
        return False


_starter = ThreadPoolExecutor(1, "oracle-starter")


def _started(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, **options)

    return _starter.submit(start).result()


LANES = 2
"""Processes of one runtime at most: as many threads are served at the same time."""

_running: dict[str, InterpreterProcess] = {}
_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


def ask(runtime: str, request: dict[str, Any], arrays: Arrays, timeout_s: float) -> tuple[Arrays, str]:
    """Ask the session's process of `runtime`, starting it if need be; see `InterpreterProcess.ask`.

    A second process serves a thread that asks while the first is busy.
    """
    with _free_lane(runtime) as lane:
        process = _running.get(lane)
        if process is None or not process.is_alive:
            if process is not None:
                process.close()
            process = _running[lane] = InterpreterProcess(runtime)
        return process.ask(request, arrays, timeout_s)


@contextlib.contextmanager
def _free_lane(runtime: str) -> Iterator[str]:
    """Hold a lane of `runtime` that nobody else uses; wait for the first one if all are busy."""
    lanes = [runtime, *(f"{runtime} {number}" for number in range(2, LANES + 1))]
    lane = next((lane for lane in lanes if _locks[lane].acquire(blocking=False)), None)
    if lane is None:
        lane = lanes[0]
        _locks[lane].acquire()
    try:
        yield lane
    finally:
        _locks[lane].release()


@atexit.register
def _close_all() -> None:
    for process in _running.values():
        process.close()
