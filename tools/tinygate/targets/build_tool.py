"""A build tool as a child, what it said, and what its build folder was made from."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tinygate.store.atomic import write_text

STAMP = "tinygate_build.json"
"""A file in a build folder that says from what the build was made; there is none while it is being made."""


def run_build(command: Sequence[str], output: IO[bytes], environment: Mapping[str, str] | None = None) -> int:
    """Run a build tool to its end, its output going to a file, and return its exit code.

    An exception meanwhile, a KeyboardInterrupt above all, ends the tool and every process of its session.
    """
    with subprocess.Popen(
        command, stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True
    ) as process:
        try:
            return process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise


def cause_in(log: Path) -> str:
    """Return the first line of a build tool's output that names an error, else the last one."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    named = (line for line in lines if "error:" in line.lower() or line.startswith("CMake Error"))
    return next(named, lines[-1] if lines else "it printed nothing")[:300]


def stamp_of(folder: Path) -> str | None:
    """Return the hash of what a build folder was made from; None where it was not made to its end."""
    try:
        return str(json.loads((folder / STAMP).read_text(encoding="utf-8"))["inputs_sha256"])
    except (OSError, ValueError, KeyError):
        return None


def put_stamp(folder: Path, inputs_sha256: str) -> None:
    """Say that a build folder was made to its end, and from what."""
    write_text(folder / STAMP, json.dumps({"inputs_sha256": inputs_sha256}) + "\n")


def unstamp(folder: Path) -> None:
    """Say that a build folder is being made."""
    (folder / STAMP).unlink(missing_ok=True)
