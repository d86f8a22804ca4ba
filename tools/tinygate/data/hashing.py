"""Content hashes that mean the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def json_sha256(constants: Mapping[str, Any]) -> str:
    """Return the sha256 of JSON-able constants: keys sorted, no spaces, so that layout does not count."""
    text = json.dumps(constants, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def window_sha256(window: NDArray[Any]) -> str:
    """Return the sha256 of one raw window [samples, axes] as little-endian float64 in C order."""
    return hashlib.sha256(np.ascontiguousarray(window, dtype="<f8").tobytes()).hexdigest()


def arrays_sha256(value: Any) -> str:
    """Return a hash over arrays of any shape, and whatever objects, mappings and sequences hold them, as hex."""
    digest = hashlib.sha256()
    _feed(digest, value)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, value: Any) -> None:
    if isinstance(value, np.ndarray):
        digest.update(f"{value.dtype.str}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        for key in sorted(value, key=str):
            digest.update(f"{key}:".encode())
            _feed(digest, value[key])
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)} items".encode())
        for item in value:
            _feed(digest, item)
    elif hasattr(value, "__dict__"):
        _feed(digest, vars(value))
    else:
        digest.update(repr(value).encode())
