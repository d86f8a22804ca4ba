"""Why an application cannot use its model, in one sentence: of an arena what is needed, what is there, what to change.

The device says what it knows; the lines that TensorFlow Lite Micro prints when it runs out of arena give a lower bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tinygate.protocol import Hello

_MISSING = re.compile(r"Failed to (?:resize|allocate)\b.*\bmissing: (\d+)")
_VIRTUAL_KEY = "--arena-bytes of the virtual board"
_FIRMWARE_KEY = "CONFIG_TINYGATE_ARENA_BYTES of the firmware"


def why_unusable(hello: Hello, detail: str, console: Iterable[str], arena_key: str = "") -> str:
    """Return the sentence.

    Args:
        hello: of an application whose `model_status` is not ok.
        detail: what it answered to a request that needs the model; may be empty.
        console: what it has printed.
        arena_key: what its owner changes to give it a larger arena; empty for the option of the board or build.
    """
    sentence = f"the application is up and cannot use its model: model_status is {hello.model_status}"
    sentence += f" ({detail})" if detail else ""
    if hello.model_status != "arena_too_small":
        return sentence
    missing = [int(found[1]) for line in console if (found := _MISSING.search(line))]
    configured = hello.arena_configured_bytes
    least = f"; it needs at least {configured + missing[0]} bytes" if missing else ""
    key = arena_key or (_VIRTUAL_KEY if hello.emulated == "virtual" else _FIRMWARE_KEY)
    return f"{sentence}{least}; {configured} are configured: raise {key}"
