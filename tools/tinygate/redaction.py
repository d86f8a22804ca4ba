"""Secrets in text from outside, made unreadable before anything is shown or written.

A board's console, a tool's output and an error's words may hold a token that somebody compiled in or exported. Known
are the shapes that services give their tokens, what follows words like `password=`, and the values of this process's
own environment variables that are named like secrets.
"""

from __future__ import annotations

import os
import re
from functools import cache

REDACTED = "[redacted]"
_SHORTEST = 8  # of an environment variable's value: "true" is no secret

_SHAPES = re.compile(
    r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|(?:AKIA|ASIA)[0-9A-Z]{16}|xox[abeoprs]-[\w-]{10,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|sk-[\w-]{20,}|AIza[\w-]{30,}|npm_\w{30,}|pypi-[\w-]{16,}|hf_\w{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\w+/=\s]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)
_NAMED = re.compile(
    r"(?i)\b((?:[a-z0-9]+[_-])*(?:password|passwd|passphrase|psk|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"\s*[=:]\s*|bearer\s+)(\"[^\"]*\"|'[^']*'|[^\s\"',;]+)"
)
_IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)")
_SECRET_NAME = re.compile(r"(?i)TOKEN|SECRET|PASSW|PASSPHRASE|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL")


def redact(text: str) -> str:
    """Return text with every secret in it replaced by `REDACTED`."""
    for value in _own_secrets():
        text = text.replace(value, REDACTED)
    text = _SHAPES.sub(REDACTED, text)
    text = _IN_URL.sub(rf"\g<1>{REDACTED}", text)
    return _NAMED.sub(rf"\g<1>{REDACTED}", text)


@cache
def _own_secrets() -> tuple[str, ...]:
    found = {value for name, value in os.environ.items() if _SECRET_NAME.search(name) and len(value) >= _SHORTEST}
    return tuple(sorted(found, key=len, reverse=True))
