"""What runs on this machine: the processes of a session of the operating system, as /proc tells."""

from __future__ import annotations

import os
import time
from pathlib import Path

GONE_S = 15.0


def of_session(session: int) -> dict[int, str]:
    """Process id → command line of what still runs in a session; a zombie has no command line."""
    found = {}
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and os.getsid(int(path.name)) == session:
                command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if command:
                    found[int(path.name)] = command
        except OSError:
            continue
    return found


def wait_until_gone(session: int) -> list[str]:
    """Wait for the end of a session's processes; return the command lines of those that stay."""
    deadline = time.monotonic() + GONE_S
    while (left := of_session(session)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return list(left.values())
