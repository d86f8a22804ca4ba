"""Files that are whole or absent: written beside their place, synced, then renamed over it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` so that a reader, or a run killed half-way, never meets half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # mkstemp's 0600 would hide a report from the web server that shows it
        Path(name).replace(path)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = error.filename or str(path)  # a write that fails does not say where
        raise


def write_text(path: Path, content: str) -> None:
    """Replace `path` by `content` in UTF-8; see `write_bytes`."""
    write_bytes(path, content.encode("utf-8"))
