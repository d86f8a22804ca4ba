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
