"""The windows of a plan on their way to a board: as few bytes as tell what it makes of each.

Raw windows where the application takes them; of what the model was given then, only what is not the plan's is run once
more as the plan has it, so that the model is judged apart from what feeds it. Real values that the board keeps where
variants share them. Else the windows themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.board.evidence import Plan, assemble
from tinygate.board.keeping import Exchange, are_ours, can_make_inputs, keep
from tinygate.board.raw import RawRun
from tinygate.board.raw_windows import consecutive, rows_of, run_raw
from tinygate.protocol import Hello, HostSession, Infer, Message


class Streaming:
    """The windows of one run.

    Attributes:
        raw: what became of raw windows; None where there are none.
        due: the windows that must be sent as the plan has them, by number, ascending.
    """

    def __init__(self, session: HostSession, hello: Hello, plan: Plan, exchange: Exchange) -> None:
        """Run what has to be looked at before it is known what must be sent; `exchange` as for `keep`."""
        self._session, self._hello, self._plan = session, hello, plan
        self._kept: list[Infer] = []
        self.raw = run_raw(session, hello, plan, exchange)
        if self.raw is not None:
            self.due: Sequence[int] = self._unlike(self.raw)
        else:
            self.due = () if self._run_kept(exchange) else range(plan.count)

    def queue(self) -> None:
        """Queue the windows that are due."""
        for run in consecutive(self.due):
            windows = (self._plan.window(index) for index in run)
            self._session.infer(windows, run[0], self._plan.resets)

    def outputs(self, answers: Sequence[Message]) -> tuple[NDArray[Any], ...]:
        """Return the outputs of all windows, one array [N, ...] per tensor; `answers` came since they were queued.

        Raises:
            TargetError: windows are missing or repeated, or an output has the wrong size.
        """
        sent = [answer for answer in answers if isinstance(answer, Infer)]
        if self.raw is None:
            return assemble(self._kept or sent, self._hello, self._plan.count)
        size = self._hello.result_bytes
        rows = np.frombuffer(self.raw.answers.data, np.uint8).reshape(-1, size).copy()
        rows[list(self.due)] = rows_of(sent, self.due, size)
        return assemble([Infer(0, len(rows), rows.tobytes())], self._hello, self._plan.count)

    def _run_kept(self, exchange: Exchange) -> bool:
        if not can_make_inputs(self._hello) or not keep(self._session, self._hello, self._plan.shared, exchange):
            return False
        self._session.infer_kept(self._plan.count, self._plan.resets)
        self._kept = [answer for answer in exchange(0, 0) if isinstance(answer, Infer)]
        if are_ours(self._plan, self._kept):
            return True
        self._kept = []
        return False

    def _unlike(self, raw: RawRun) -> Sequence[int]:
        """Return the windows of which the model was given something else than the plan's; then the last, to bench with.

        All of them for a model with state, which carries a difference on.
        """
        windows = range(self._plan.count)
        unlike = {index for index in windows if raw.inputs[index].tobytes() != self._plan.window(index)}
        if not unlike and raw.last == windows[-1]:
            return ()
        return windows if self._plan.resets is not None else sorted(unlike | {windows[-1]})
