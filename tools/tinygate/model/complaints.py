"""One sentence for what is wrong with a table that a user wrote: the key, what was found, what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError


def explain(error: ValidationError, known_keys: Callable[[tuple[int | str, ...]], Sequence[str]]) -> str:
    """Turn pydantic's first complaint into one sentence with the key and what to do.

    Args:
        error: what pydantic found.
        known_keys: the keys of the table that holds the key at a location.
    """
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    more = f" ({error.error_count() - 1} more problems in this file)" if error.error_count() > 1 else ""
    return f"{key}: {_complaint(problem, known_keys)}{more}"


def unknown(key: str, known: Sequence[str]) -> str:
    """Say that a key is unknown, and which is nearest."""
    stem = key.rsplit("_", 1)[0]
    close = [name for name in known if name.startswith(stem)] or difflib.get_close_matches(key, known, 1)
    return f"unknown key; did you mean {close[0]}?" if close else f"unknown key; known keys: {', '.join(known)}"


def _complaint(problem: Mapping[str, Any], known_keys: Callable[[tuple[int | str, ...]], Sequence[str]]) -> str:
    location = problem["loc"]
    if problem["type"] == "extra_forbidden":
        return unknown(str(location[-1]), known_keys(location))
    if problem["type"] == "missing":
        return "required and missing"
    return f"{problem['msg'][0].lower()}{problem['msg'][1:]}, found {problem['input']!r}"
