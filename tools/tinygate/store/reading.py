"""Reading what a user named: a regular file of a sensible size, and nothing that could block or never end."""

from __future__ import annotations

import stat
from pathlib import Path

LARGEST_BYTES = 256 << 20


def read_regular(path: Path, largest_bytes: int = LARGEST_BYTES) -> bytes:
    """Return a file's content.

    Raises:
        OSError: it is not there, not readable, no regular file (a pipe, a device, a folder), or too large; `strerror`
            says which.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(0, "it is no regular file", str(path))
    if found.st_size > largest_bytes:
        raise OSError(0, f"it has {found.st_size} bytes, more than the {largest_bytes} that are read", str(path))
    return path.read_bytes()


def read_text(path: Path) -> str:
    """Return a text in UTF-8; see `read_regular`. Raises UnicodeDecodeError for anything else."""
    return read_regular(path).decode("utf-8")
