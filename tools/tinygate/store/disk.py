"""Lines that are on a disk whole or not at all, and what a disk means that is full, read-only or another user's."""

from __future__ import annotations

import contextlib
import errno
import os
from typing import IO

from tinygate.errors import LabError

_REMEDIES = {
    errno.ENOSPC: "free space there and run again",
    errno.EDQUOT: "free space there and run again",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f) and run again",
    errno.EROFS: "make it writable and run again",
    errno.EACCES: "give this user access to it and run again",
}


def append_whole(file: IO[bytes], line: bytes, is_synced: bool = False) -> None:
    """Append a line or nothing: a disk that fills up takes a part of one, which the next line would stick to.

    Args:
        file: open for appending, without a buffer.
        line: what to append.
        is_synced: whether to wait until it is on the disk, which may refuse it only then.

    Raises:
        OSError: the disk does not take it.
    """
    before, rest = file.seek(0, os.SEEK_END), line
    try:
        while rest:
            rest = rest[file.write(rest) :]
        if is_synced:
            os.fsync(file.fileno())
    except OSError:
        if rest != line:  # else the end may be another's by now
            with contextlib.suppress(OSError):
                file.truncate(before)
        raise


def disk_error(error: OSError) -> LabError | None:
    """Return what to tell a user of an operating system's error about a disk; None if it is about something else."""
    if error.errno not in _REMEDIES:
        return None
    where = os.fspath(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else "a file of this run"
    return LabError(f"{os.fsdecode(where)}: {os.strerror(error.errno)}; {_REMEDIES[error.errno]}")
