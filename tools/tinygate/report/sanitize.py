"""The one place where text from outside (a board's console, a model's tensor names) is made harmless to show."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from tinygate.redaction import redact

_MAX_CHARACTERS = 2000


@lru_cache(maxsize=1 << 14)  # verdicts, figures and reasons come again and again, in each of the reports
def plain(text: str) -> str:
    """Return text on one line without control, bidirectional or private characters, cut at 2000 characters.

    Unicode categories Cc, Cf, Co, Cs and Cn go (line breaks and tabs become a space), so no terminal sequence,
    no reordered text and no NUL survives; nor do secrets, see `tinygate.redaction`.
    """
    one_line = text if text.isprintable() else re.sub(r"[\r\n\t]+", " ", text)
    if not one_line.isprintable():
        one_line = "".join(character for character in one_line if not unicodedata.category(character).startswith("C"))
    kept = redact(one_line)
    return kept if len(kept) <= _MAX_CHARACTERS else kept[: _MAX_CHARACTERS - 1] + "…"


def markdown(text: str) -> str:
    """Return `plain` text that a Markdown renderer shows as it stands, also inside a table cell."""
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", html.escape(plain(text), quote=False))
