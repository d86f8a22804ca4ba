"""Reads a file that a user named, and says in one sentence what stands there instead of what was expected."""

from __future__ import annotations

import stat
from pathlib import Path

from tinygate.errors import InputError

_LFS = b"version https://git-lfs"


def read_file(path: Path, expected: str, error: type[InputError] = InputError) -> bytes:
    """Return the content of a regular file that is neither empty nor a Git LFS pointer.

    Args:
        path: the file.
        expected: what should be there, with its article: "an .npz file".
        error: what to raise.

    Raises:
        InputError: of the type `error`: no such file, a folder, a pipe or device, empty, or a Git LFS pointer.
    """
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            raise error(f"{path}: {_kind(kind)}; expected {expected}.")
        content = path.read_bytes()
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror or problem}); expected {expected}.") from problem
    if not content:
        raise error(f"{path}: an empty file; expected {expected}.")
    refuse_pointer(path, content, error)
    return content


def refuse_pointer(path: Path, content: bytes, error: type[InputError] = InputError) -> None:
    """Raise InputError, of the type `error`, for a Git LFS pointer in the place of a file."""
    if content.startswith(_LFS):
        raise error(f"{path}: a Git LFS pointer, not the file itself; fetch it with `git lfs pull`.")


def is_text(content: bytes) -> bool:
    """Whether the first kilobyte of a file reads as text, so that a reader can be told that it is no binary format."""
    head = content[:1024]
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.start < len(head) - 3:
            return False
        text = head[: problem.start].decode("utf-8")
    return all(character.isprintable() or character in "\r\n\t" for character in text)


def _kind(mode: int) -> str:
    kinds = {stat.S_ISDIR: "a folder", stat.S_ISFIFO: "a named pipe", stat.S_ISSOCK: "a socket"}
    return next((name for test, name in kinds.items() if test(mode)), "a device")
