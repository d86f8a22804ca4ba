"""What a disk that is full, read-only or another user's means: the lab's fault, and a sentence says what to do."""

from __future__ import annotations

import errno
import os

from tinygate.errors import LabError

_REMEDIES = {
    errno.ENOSPC: "free space there and run again",
    errno.EDQUOT: "free space there and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and run again",
    errno.EROFS: "make it writable and run again",
    errno.EACCES: "give this user access to it and run again",
}


def disk_error(error: OSError) -> LabError | None:
    """Return what to tell a user of an operating system's error about a disk; None if it is about something else."""
    if error.errno not in _REMEDIES:
        return None
    where = os.fspath(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else "a file of this run"
    return LabError(f"{os.fsdecode(where)}: {os.strerror(error.errno)}; {_REMEDIES[error.errno]}")
