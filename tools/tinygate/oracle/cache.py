"""Keeps results of the reference interpreters on disk: same model, inputs and runtime, same outputs.

A result proves whose it is by a hash over its key and content. What does not match, or cannot be read for whatever
reason, is as good as none. Writing is atomic, so that processes may share the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

from tinygate.oracle.worker import Arrays
from tinygate.store.atomic import write_bytes
from tinygate.store.results import cache_folder

LARGEST_BYTES = 1 << 30
_FORMAT = 3
"""Part of every key: raise it when the worker comes to mean something else by the same request."""


def _folder() -> Path:
    return cache_folder() / "reference"


def key_of(request: dict[str, Any], arrays: Arrays, version: str) -> str:
    """Return the key of a request: a hash over all that its result depends on."""
    digest = hashlib.sha256(json.dumps([_FORMAT, version, request], sort_keys=True).encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def load(key: str) -> tuple[Arrays, str] | None:
    """Return arrays and printed text stored under `key`, None if there are none."""
    import numpy as np

    try:
        with (_folder() / f"{key}.npz").open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = [stored[f"array{i}"] for i in range(len(stored.files) - 2)]
            printed, proof = str(stored["printed"]), str(stored["proof"])
    except Exception:  # whatever zipfile, NumPy and its parser of headers make of damage
        return None
    return (arrays, printed) if proof == _proof(key, arrays, printed) else None


def _proof(key: str, arrays: Arrays, printed: str) -> str:
    digest = hashlib.sha256(f"{key}\0{printed}\0".encode())
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def save(key: str, arrays: Arrays, printed: str) -> None:
    """Store arrays and printed text under `key`; a full or read-only disk is no reason to fail."""
    import numpy as np

    folder, file = _folder(), io.BytesIO()
    named: dict[str, Any] = {f"array{i}": array for i, array in enumerate(arrays)}
    np.savez(file, printed=np.array(printed), proof=np.array(_proof(key, arrays, printed)), **named)
    with contextlib.suppress(OSError):
        write_bytes(folder / f"{key}.npz", file.getvalue())
        _forget_oldest(folder)


def _forget_oldest(folder: Path) -> None:
    """Delete the oldest results until the folder holds LARGEST_BYTES at most."""
    with os.scandir(folder) as entries:  # one may vanish under our hands, and the folder is closed all the same
        files = sorted((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path) for entry in entries)
    total = sum(size for _, size, _ in files)
    for _, size, path in files:
        if total <= LARGEST_BYTES:
            return
        Path(path).unlink(missing_ok=True)
        total -= size
