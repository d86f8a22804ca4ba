"""The virtual board as a process of this session: started when first needed, gone when the session is."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinygate.errors import LabError
from tinygate.targets.child import wait_or_kill

START_S = 20.0
STOP_S = 5.0


@contextmanager
def virtual_board(target: str, log: Path, image: Path | None = None, arena_bytes: int | None = None) -> Iterator[str]:
    """Run a virtual board; yield the rfc2217:// URL of its serial port.

    Its standard input is a pipe from here: it ends with this process, whatever this process ends of.

    Args:
        target: the chip to emulate.
        log: file for what the process itself has to say.
        image: an application image that is in its flash from the start.
        arena_bytes: tensor arena of applications whose image does not name its size; None for the board's own.

    Raises:
        LabError: it did not come up.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tinygate.virtual", "--target", target]
    command += ["--image", str(image)] if image else []
    command += ["--arena-bytes", str(arena_bytes)] if arena_bytes else []
    with log.open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        try:
            yield _url(process, log)
        finally:
            _stop(process)


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START_S)
    line = process.stdout.readline() if ready else b""
    try:
        return str(json.loads(line)["url"])
    except (ValueError, KeyError) as error:
        said = log.read_text(errors="replace").strip().splitlines() or ["nothing"]
        how = f"took more than {START_S:g} s"
        if ready:
            how = f"said {line[:80]!r}" if line else f"ended with exit code {process.wait(STOP_S)}"
        raise LabError(f"the virtual board did not come up: it {how}; {log} says: {said[-1]}") from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    wait_or_kill(process, STOP_S)
    process.stdout.close()
