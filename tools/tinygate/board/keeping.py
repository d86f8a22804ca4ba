"""A test set that several variants share, kept on the board: sent once, and made into its inputs by each of them.

The host knows what each variant must be fed. It compares the checksums of what the board has made of the kept values,
and sends the windows themselves where one differs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from tinygate.board.evidence import Plan
from tinygate.board.shared_set import SharedSet
from tinygate.protocol import Hello, HostSession, Infer, Keep, Message, Store, StoreRequest

Exchange = Callable[[int, int], Sequence[Message]]
"""Sends and receives until all is answered, and returns the answers: told how many windows and bytes are unplanned."""

_DERIVED = ("float32", "int8", "uint8", "int16")


def keep(session: HostSession, hello: Hello, shared: SharedSet | None, exchange: Exchange) -> bool:
    """Let the board keep a test set if that pays, or if it does already; False where it does not."""
    if shared is None or not 0 < len(shared.content) <= hello.store_bytes:
        return False
    session.request(StoreRequest(shared.sha256, len(shared.content)))
    have = max((message.have for message in exchange(0, 0) if isinstance(message, Store)), default=0)
    if have == len(shared.content):
        return True
    if shared.saves_bytes <= len(shared.content):
        return False
    session.keep(shared.content, have)
    kept = [message.have for message in exchange(0, len(shared.content) - have) if isinstance(message, Keep)]
    return bool(kept) and kept[-1] == len(shared.content)


def can_make_inputs(hello: Hello) -> bool:
    """Return whether a board can make its model's inputs of real values."""
    return all(t.dtype in _DERIVED and (t.dtype == "float32" or t.scale) for t in hello.inputs)


def are_ours(plan: Plan, answers: Sequence[Infer]) -> bool:
    """Return whether the board has made the same windows of the kept values as the plan has."""
    return all(
        zlib.crc32(b"".join(plan.window(index) for index in range(answer.first, answer.first + answer.count)))
        == int(answer.input_crc32 or "0", 16)
        for answer in answers
    )
