"""Results that cost seconds to compute and are small: kept as JSON by a hash of all that they depend on.

A cache is never worse than none: what cannot be read, or was stored under another key, is computed anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from tinygate.store.atomic import write_text

PACKAGE = Path(__file__).parents[1]


def cache_folder() -> Path:
    """Return where caches live: $TINYGATE_CACHE, else .cache of the checkout, else of the working directory."""
    if named := os.environ.get("TINYGATE_CACHE"):
        return Path(named)
    checkout = PACKAGE.parents[1]
    return (checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()) / ".cache"


@cache
def source_sha256(*rooms: str) -> str:
    """Return a hash over the source of rooms of this package: code that changes makes other results."""
    digest = hashlib.sha256()
    for path in sorted(path for room in rooms for path in (PACKAGE / room).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(kind: str, depends_on: Iterable[str | bytes], compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, computed or as it was when it was computed from the same.

    Args:
        kind: what it is, a folder's name.
        depends_on: everything that the result depends on.
        compute: makes it.
    """
    digest = hashlib.sha256(kind.encode())
    for part in depends_on:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    key = digest.hexdigest()
    path = cache_folder() / kind / f"{key}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] == key and isinstance(stored["result"], dict):
            return dict(stored["result"])
    result = compute()
    with contextlib.suppress(OSError):  # a full or read-only disk is no reason to fail
        write_text(path, json.dumps({"key": key, "result": result}))
    return result
