"""Why a board says no hello, and why an application cannot use its model: of an arena what is needed, what to change.

The device says what it knows; the lines that TensorFlow Lite Micro prints when it runs out of arena give a lower bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tinygate.board.deadlines import Deadlines
from tinygate.board.hearing import Hearing
from tinygate.errors import LabError, LinkError, TargetError, TinygateError
from tinygate.protocol import Hello
from tinygate.protocol.framing import PREFIX

_MISSING = re.compile(r"Failed to (?:resize|allocate)\b.*\bmissing: (\d+)")
_VIRTUAL_KEY = "--arena-bytes of the virtual board"
_FIRMWARE_KEY = "CONFIG_TINYGATE_ARENA_BYTES of the firmware"


def why_no_hello(hearing: Hearing, announced: bool, deadlines: Deadlines) -> TinygateError:
    """Return why a board said no hello, as far as what it said tells; `announced`: it has said that it is ready."""
    if not hearing.heard:
        return LabError(f"the board said nothing for {deadlines.boot_s:g} s: check power, cable and port")
    if announced:
        return LinkError(
            f"the board announced that it is ready, and answers no hello within {deadlines.answer_s:g} s: "
            "what is sent to it does not arrive; check cable and adapter, and what else is on the line"
        )
    if any(line.startswith(PREFIX.decode()) for line in hearing.console.tail()):
        return LinkError("what the board says arrives damaged, its hello too; check cable, adapter and rate")
    if any(line.startswith("@TG") for line in hearing.console.tail()):
        return TargetError("the application speaks another version of the protocol: build and flash it again")
    return TargetError(
        f"the application did not say hello within {deadlines.boot_s:g} s of its reset; "
        f"the last lines of its console: {' / '.join(hearing.console.tail(3)) or 'none'}"
    )


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
