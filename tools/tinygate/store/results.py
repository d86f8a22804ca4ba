"""Results that cost seconds to compute and are small: kept as JSON by a hash of all that they depend on.

A cache is never worse than none: what cannot be read, or does not prove by a hash over key and content what it is, is
computed anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tinygate.store.atomic import write_text

PACKAGE = Path(__file__).parents[1]
_LIBRARIES = ("numpy", "scipy", "ai-edge-litert", "tflite-micro")


def cache_folder() -> Path:
    """Return where caches live: $TINYGATE_CACHE, else .cache of the checkout, else of the working directory."""
    if named := os.environ.get("TINYGATE_CACHE"):
        return Path(named)
    checkout = PACKAGE.parents[1]
    return (checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()) / ".cache"


@cache
def _computed_by() -> str:
    """Return a hash over who computes: the package's source, and the versions of what it computes with."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}".encode())
    return digest.hexdigest()


def kept(kind: str, depends_on: Iterable[str | bytes], compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, computed or as it was when the same code computed it from the same.

    Args:
        kind: what it is, a folder's name.
        depends_on: everything that the result depends on, besides code and libraries.
        compute: makes it.
    """
    key = _sha256([kind, _computed_by(), *depends_on])
    path = cache_folder() / kind / f"{key}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["proof"] == _proof(key, stored["result"]) and isinstance(stored["result"], dict):
            return dict(stored["result"])
    result = compute()
    with contextlib.suppress(OSError):  # a full or read-only disk is no reason to fail
        write_text(path, json.dumps({"proof": _proof(key, result), "result": result}))
    return result


def _proof(key: str, result: Any) -> str:
    return _sha256([key, json.dumps(result, sort_keys=True)])


def _sha256(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
