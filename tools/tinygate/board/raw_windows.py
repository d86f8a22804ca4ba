"""Raw windows on a board: it runs them, and tells of each the checksum of the input that it has made.

The host knows what it makes of them itself. So an input comes back only where the checksums differ, and the windows
themselves travel only where the board keeps none, or has made something else of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinygate.board.evidence import Plan
from tinygate.board.keeping import Exchange, keep
from tinygate.board.raw import RawPlan, RawRun
from tinygate.errors import LabError, TargetError
from tinygate.protocol import INPUT_CRC_BYTES, Hello, HostSession, Infer, InferRaw, Message, StoreRequest

Rows = NDArray[np.uint8]
_NO_SET = StoreRequest("0" * 64, 1)


def run_raw(session: HostSession, hello: Hello, plan: Plan, exchange: Exchange) -> RawRun | None:
    """Run the plan's raw windows; None where there are none, or the application takes none.

    Raises:
        TargetError: the application takes other ones, answers others, or makes something else of them each time.
        LabError: what the board keeps is not what it was sent.
    """
    if plan.raw is None or not plan.raw.is_taken(hello):
        return None
    return _RawWindows(session, hello, plan, plan.raw, exchange).run()


def consecutive(indices: Iterable[int]) -> Iterator[list[int]]:
    """Yield runs of numbers that follow each other."""
    run: list[int] = []
    for index in indices:
        if run and index != run[-1] + 1:
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def rows_of(answers: Sequence[Infer | InferRaw], indices: Sequence[int], size: int) -> Rows:
    """Return what was answered to each window, [N, size], in the order of `indices`, which ascend.

    Raises:
        TargetError: windows are missing, repeated or others, or an answer has the wrong size.
    """
    found: list[int] = []
    ordered = sorted((answer for answer in answers if answer.count), key=lambda answer: answer.first)
    for answer in ordered:
        windows = range(answer.first, answer.first + answer.count)
        if len(answer.data) != answer.count * size:
            raise TargetError(
                f"the application answered windows {windows[0]}…{windows[-1]} with {len(answer.data)} bytes; expected "
                f"{size} bytes each: look at its runner"
            )
        found += windows
    if found != list(indices):
        raise TargetError(f"the application answered {len(found)} windows, {len(indices)} others were asked for")
    return np.frombuffer(b"".join(answer.data for answer in ordered), np.uint8).reshape(len(found), size)


class _Pass(NamedTuple):
    """What was answered to windows: their outputs [N, bytes], and checksums [N] or inputs [N, bytes]."""

    outputs: Rows
    made: Rows


class _RawWindows:
    """The raw windows of one run."""

    def __init__(self, session: HostSession, hello: Hello, plan: Plan, raw: RawPlan, exchange: Exchange) -> None:
        self._session, self._hello, self._plan, self._raw, self._exchange = session, hello, plan, raw, exchange
        self._raw_bytes = raw.samples[0].nbytes

    def run(self) -> RawRun:
        is_kept = keep(self._session, self._hello, self._raw.shared, self._exchange)
        found = self._kept() if is_kept else self._sent(range(self._plan.count), self._plan.resets)
        told = found.made.view("<u4").reshape(-1)
        differing = [int(i) for i in np.flatnonzero(told != _checksums(self._raw.inputs))]
        if not differing:
            return self._found(found.outputs, self._raw.inputs, self._plan.count - 1)
        fetched = self._sent(differing, None, inputs=True)
        if np.array_equal(_checksums(fetched.made), told[differing]):
            inputs = self._raw.inputs.copy()
            inputs[differing] = fetched.made
            return self._found(found.outputs, inputs, differing[-1])
        return self._once_more(differing[0], is_kept)

    def _once_more(self, differing: int, is_kept: bool) -> RawRun:
        """Run all windows in their order: what is made of one depends on what ran before, or the board keeps others."""
        whole = self._sent(range(self._plan.count), self._plan.resets, inputs=True)
        if not np.array_equal(whole.made, self._raw.inputs):
            return self._found(whole.outputs, whole.made, self._plan.count - 1)
        if not is_kept:
            raise TargetError(
                f"of raw window {differing} the application made another input than the host, and the host's own when "
                "it was asked again: look for state, or memory that is not set, in its preprocessing"
            )
        self._session.request(_NO_SET)
        self._exchange(0, 0)
        raise LabError(
            f"of raw window {differing} the application made another input than the host where the board keeps the "
            "window, and the host's own where it was sent: the flash has altered what it keeps, which is given up now, "
            "or the preprocessing has a state"
        )

    def _kept(self) -> _Pass:
        self._session.infer_raw_kept(map(int, self._raw.settings), self._plan.resets)
        return self._answered(self._exchange(0, 0), range(self._plan.count), INPUT_CRC_BYTES)

    def _sent(self, indices: Sequence[int], resets: Collection[int] | None, inputs: bool = False) -> _Pass:
        for run in consecutive(indices):
            self._session.infer_raw(self._raw.windows(run), run[0], resets, inputs=inputs)
        made = self._hello.window_bytes if inputs else INPUT_CRC_BYTES
        more = len(indices) if inputs else 0
        answers = self._exchange(more, len(indices) * (self._raw_bytes + (made if inputs else 0)))
        return self._answered(answers, indices, made)

    def _answered(self, answers: Sequence[Message], indices: Sequence[int], made: int) -> _Pass:
        size = self._hello.result_bytes
        rows = rows_of([answer for answer in answers if isinstance(answer, InferRaw)], indices, size + made)
        return _Pass(rows[:, :size], np.ascontiguousarray(rows[:, size:]))

    def _found(self, outputs: Rows, inputs: Rows, last: int) -> RawRun:
        answers = Infer(0, len(outputs), outputs.tobytes())
        return RawRun(str(self._hello.preprocessing), inputs, answers, last)


def _checksums(rows: Rows) -> NDArray[np.uint32]:
    return np.array([zlib.crc32(row.tobytes()) for row in rows], np.uint32)
