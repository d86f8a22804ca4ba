"""Content hashes that mean the same on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
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
    """Return a hash over everything in a dataclass of arrays, dataclasses and plain values, as a hex string."""
    digest = hashlib.sha256()
    for field in fields(value):
        content = getattr(value, field.name)
        digest.update(field.name.encode())
        if is_dataclass(content):
            digest.update(arrays_sha256(content).encode())
        elif isinstance(content, np.ndarray):
            digest.update(f"{content.dtype.str}{content.shape}".encode() + np.ascontiguousarray(content).tobytes())
        else:
            digest.update(repr(content).encode())
    return digest.hexdigest()
