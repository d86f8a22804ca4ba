"""A test set that several variants share, kept on the board: sent once, and quantized there by each of them.

The host knows what each variant must be fed. It compares the checksums of what the board has made of the kept values,
and sends the windows themselves where one differs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

from tinygate.board.evidence import Plan
from tinygate.protocol import Hello, HostSession, Infer, Keep, Message, Store, StoreRequest

_DERIVED = ("float32", "int8", "uint8", "int16")


def keep(session: HostSession, hello: Hello, plan: Plan, exchange: Callable[[], Sequence[Message]]) -> bool:
    """Let the board keep the plan's test set if that pays, or if it does already; False where it does not.

    `exchange` sends and receives until all is answered, and returns all answers.
    """
    shared = plan.shared
    if shared is None or not _can_derive(hello) or not len(shared.content) <= hello.store_bytes:
        return False
    session.request(StoreRequest(shared.sha256, len(shared.content)))
    have = max((message.have for message in exchange() if isinstance(message, Store)), default=0)
    if have == len(shared.content):
        return True
    if shared.saves_bytes <= len(shared.content):
        return False
    session.keep(shared.content, have)
    kept = [message.have for message in exchange() if isinstance(message, Keep)]
    return bool(kept) and kept[-1] == len(shared.content)


def are_ours(plan: Plan, answers: Sequence[Infer]) -> bool:
    """Return whether the board has made the same windows of the kept values as the plan has."""
    return all(
        zlib.crc32(b"".join(plan.window(index) for index in range(answer.first, answer.first + answer.count)))
        == int(answer.input_crc32 or "0", 16)
        for answer in answers
    )


def _can_derive(hello: Hello) -> bool:
    return all(t.dtype in _DERIVED and (t.dtype == "float32" or t.scale) for t in hello.inputs)
