"""A build tool as a child: who ends it ends the compilers that it has started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO


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
