"""The smallest arena that works, found on the board: each size in a boot of its own, which may die of it.

`arena_used_bytes()` is what is in use after allocation; planning needs more for a moment, so an arena of exactly that
size can fail, and not always with an error: some sizes abort or fault. Hence the question is put to the board.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tinygate.board.deadlines import Deadlines
from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.port import Port
from tinygate.board.run import HELLO_AGAIN_S, measure
from tinygate.errors import EvidenceError, LabError, TargetError
from tinygate.protocol import Answer, HostSession, Ready, Restart, RestartRequest, fresh_nonce

STEP_BYTES = 16  # the arena's alignment: sizes between two multiples change nothing


def minimum_arena(works: Callable[[int], bool], used_bytes: int, configured_bytes: int) -> int:
    """Return the smallest multiple of 16 bytes that works, by bisection.

    Args:
        works: tries one size.
        used_bytes: what the interpreter uses: nothing below it can work.
        configured_bytes: a size that is known to work.

    Raises:
        EvidenceError: the size below the result works too, so that there is no single boundary to be found.
    """
    low, high = used_bytes // STEP_BYTES, -(-configured_bytes // STEP_BYTES)
    if used_bytes % STEP_BYTES == 0 and works(used_bytes):
        return used_bytes
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if works(middle * STEP_BYTES) else (middle, high)
    if low * STEP_BYTES > used_bytes and works(low * STEP_BYTES):
        raise EvidenceError(f"an arena of {low * STEP_BYTES} bytes failed and then worked; look at the console log")
    return high * STEP_BYTES


class ArenaProbe:
    """Tries arena sizes on a board, against the outputs of a run that is known to be right.

    Args:
        known: a run of the same firmware on the same board, of the whole plan.
        plan: what was run; of it the last window is run again, with those before it that its state depends on.
    """

    def __init__(self, port: Port, expected: Expected, known: Run, plan: Plan, deadlines: Deadlines) -> None:
        self._port, self._expected, self._known = port, expected, known
        self._deadlines = replace(deadlines, quiet_s=0.0)  # the restart has seen it boot
        self._window = replace(plan.last_window(), invocations=0)

    def works(self, arena_bytes: int) -> bool:
        """Boot with an arena of this size; True when the model then computes what it must.

        Raises:
            LabError: the board cannot be restarted, or the lab failed.
        """
        restart(self._port, arena_bytes, self._deadlines.boot_s)
        try:
            run = measure(self._port, self._expected, self._window, self._deadlines)
        except TargetError:
            return False
        if run.arena.configured_bytes // STEP_BYTES != arena_bytes // STEP_BYTES:
            return False  # that boot died, and this is the next one
        pairs = zip(run.outputs, self._known.outputs, strict=True)
        return all(np.array_equal(found[-1], known[-1]) for found, known in pairs)


def restart(port: Port, arena_bytes: int, patience_s: float) -> None:
    """Let the board boot once with another arena; return when it has booted.

    Raises:
        LabError: it did not do so in time; RefusedError: it cannot.
    """
    session, deadline, again = HostSession(fresh_nonce()), time.monotonic() + patience_s, 0.0
    session.request(RestartRequest(arena_bytes))  # goes out once the session is open
    restarting = False
    while (now := time.monotonic()) < deadline:
        if session.hello is None and now >= again and not restarting:
            session.open()
            again = now + HELLO_AGAIN_S
        if outgoing := session.outgoing():
            port.write(outgoing)
        for event in session.receive(port.read_available(min(deadline, now + HELLO_AGAIN_S))):
            if restarting and isinstance(event, Ready):
                return
            restarting = restarting or (isinstance(event, Answer) and isinstance(event.message, Restart))
    raise LabError(f"the board did not restart within {patience_s:g} s; reset it")
