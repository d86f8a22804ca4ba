"""The end of a child process that has been told to end."""

from __future__ import annotations

import subprocess
from typing import Any


def wait_or_kill(process: subprocess.Popen[Any], patience_s: float) -> None:
    """Wait until a process has ended; one that does not within some seconds is killed."""
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
