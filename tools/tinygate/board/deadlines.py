"""How long a run waits: for each answer, by what the answers before it took, and as a whole, by its plan.

Every wait has an end. A silence is asked about long before it is blamed: a device that has lost a request, or whose
answer was lost, says so at once when it is asked again; one that is still computing answers both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tinygate.board.evidence import Plan
from tinygate.errors import TargetError
from tinygate.protocol import (
    BenchRequest,
    Hello,
    Infer,
    InferRaw,
    InferRawRequest,
    InferRequest,
    Message,
    ProfileRequest,
)

_LINE_BYTES = 150  # of a request and its answer, besides what they carry
_SLOWER = 5.0  # how much slower than all before it an answer may be
_BENCH_SLOWER = 3.0
_FIRST_ANSWERS = 5  # before the pace of a run is judged


@dataclass(frozen=True)
class Deadlines:
    """How long a run waits, in seconds.

    Attributes:
        boot_s: for the application to say hello.
        quiet_s: of that, for it to announce itself before it is asked: a board that boots is not to be disturbed, and
            an emulated one was seen to take bytes that came early for an interrupt of another kind.
        answer_s: between one answer and the next; console text does not count. What takes invocations may take more.
        first_answer_s: for the first windows, when nobody knows how long one takes.
        again_s: of silence before the device is asked whether it is done with what it was sent.
        aftermath_s: for the console text that explains a fault.
        settle_s: after the last answer, for a fault that the last request caused.
        whole_s: for all of a run that does not come from its plan.
        bytes_per_s: what the line carries.
    """

    boot_s: float = 20.0
    quiet_s: float = 8.0
    answer_s: float = 10.0
    first_answer_s: float = 30.0
    again_s: float = 2.0
    aftermath_s: float = 1.0
    settle_s: float = 0.95
    whole_s: float = 60.0
    bytes_per_s: float = 11_520.0


class Pace:
    """The deadlines of a run in progress.

    Args:
        deadlines: what to wait at least.
        plan: what is measured.
        hello: what the device says of its tensors and limits.
    """

    def __init__(self, deadlines: Deadlines, plan: Plan, hello: Hello) -> None:
        self._deadlines, self._plan = deadlines, plan
        self._began = self._heard = self._invoked = self._streaming = time.monotonic()
        self._window_s: float | None = None
        self._windows = self._answers = 0
        self._bytes = transfer_bytes(plan, hello)
        self._windows_due = plan.count
        self.whole_s = deadlines.whole_s + self._takes_s(self._invocations, self._bytes)

    @property
    def _invocations(self) -> int:
        benches = 2 if self._plan.bench_running else 1
        return self._windows_due + benches * (self._plan.warmup + self._plan.invocations) + 1

    def expect(self, windows: int, size_bytes: int) -> None:
        """Allow for windows, and bytes on the line, that come on top of the plan's."""
        self._windows_due += windows
        self._bytes += size_bytes * 4 // 3
        self.whole_s += self._takes_s(windows, size_bytes * 4 // 3)

    def _takes_s(self, invocations: int, size_bytes: int) -> float:
        return 2 * size_bytes / self._deadlines.bytes_per_s + invocations * self._plan.invoke_s

    def answered(self, message: Message) -> None:
        """Take note of an answer."""
        now = time.monotonic()
        if isinstance(message, Infer | InferRaw) and message.count:
            if not self._windows:
                self._streaming = self._heard  # before, a test set may have been brought, for minutes on a slow line
            self._window_s = max(self._window_s or 0.0, (now - self._invoked) / message.count)
            self._invoked = now
            self._windows += message.count
        self._heard = now
        self._answers += 1

    def patience_s(self, due: Message | None) -> float:
        """Return how long the answer that is due may take after the one before it."""
        if isinstance(due, InferRequest | InferRawRequest) and self._window_s is None:
            return max(self._deadlines.first_answer_s, self._deadlines.answer_s)
        return self._deadlines.answer_s + self._work_s(due, _SLOWER, _BENCH_SLOWER)

    def deadline(self, due: Message | None) -> float:
        """Return when the answer that is due must be there, of time.monotonic."""
        return min(self._heard + self.patience_s(due), self._began + self.whole_s)

    def ask_at(self, due: Message | None) -> float:
        """Return when to ask whether the device is done with what it was sent."""
        return self._heard + self._deadlines.again_s + self._work_s(due, 1.0, 2.0)

    def check(self) -> None:
        """Raise TargetError when the run as a whole takes longer than its plan allows, or is bound to."""
        elapsed, streamed = (time.monotonic() - since for since in (self._began, self._streaming))
        share = self._windows / self._windows_due
        expected = elapsed - streamed + streamed / share if share else 0.0
        is_bound_to = elapsed > self._deadlines.whole_s / 2 and self._answers > _FIRST_ANSWERS
        if elapsed < self.whole_s and not (is_bound_to and expected > 2 * self.whole_s):
            return
        at_this_pace = f", and at this pace takes {expected:.0f} s" if expected > elapsed else ""
        raise TargetError(
            f"the application is too slow: {self._windows} of {self._windows_due} windows after {elapsed:.0f} s"
            f"{at_this_pace}; the run as a whole may take {self.whole_s:.0f} s ({self._bytes} bytes at "
            f"{self._deadlines.bytes_per_s:.0f} a second, {self._invocations} invocations of {self._plan.invoke_s:g} s "
            "at most). Look at what else the firmware does, and at its clock"
        )

    def _work_s(self, due: Message | None, slower: float, bench_slower: float) -> float:
        """Return how long the invocations of a request are expected to take, times how much slower they may be."""
        window_s = self._window_s or 0.0
        if isinstance(due, InferRequest | InferRawRequest):
            return slower * window_s * due.count
        if isinstance(due, BenchRequest):
            return bench_slower * window_s * (due.warmup + due.invocations)
        return slower * window_s if isinstance(due, ProfileRequest) else 0.0


def transfer_bytes(plan: Plan, hello: Hello) -> int:
    """Return about how many bytes the windows of a plan and their outputs take on the line, both ways."""
    per_line = max(1, hello.rx_line_bytes * 3 // 4 // max(1, hello.window_bytes))
    lines = plan.count // per_line + plan.count * (hello.window_bytes * 4 // 3 // max(1, hello.rx_line_bytes)) + 1
    return plan.count * (hello.window_bytes + hello.result_bytes) * 4 // 3 + lines * _LINE_BYTES
