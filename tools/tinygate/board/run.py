"""One boot of one application, measured: identity first, then everything else, or an error that says who is to blame.

    hello (fresh nonce) → identity → arena → infer (the whole test set) → bench (on its last window)
                                                                        → profile → layout → health → settle

The bytes come and go through a `Port`. A panic, watchdog or reset on the console decides the run, whatever follows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeVar

from numpy.typing import NDArray

from tinygate.board.aftermath import ask_again
from tinygate.board.console import Console
from tinygate.board.deadlines import Deadlines, Pace
from tinygate.board.evidence import LinkFaults, Plan, Run
from tinygate.board.hearing import Hearing
from tinygate.board.identity import Expected, prove_identity
from tinygate.board.line import Line
from tinygate.board.plausible import (
    RESETS_BY_FIRMWARE,
    check_figures,
    check_fresh,
    check_reset_reason,
    check_tensors,
)
from tinygate.board.port import Port
from tinygate.board.raw import RawRun
from tinygate.board.streaming import Streaming
from tinygate.board.unusable import why_no_hello, why_unusable
from tinygate.errors import IdentityError, LabError, TargetError, TinygateError
from tinygate.protocol import (
    Answer,
    Application,
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    BootChangedError,
    Health,
    HealthRequest,
    Hello,
    HostSession,
    Infer,
    InferRaw,
    Layout,
    LayoutRequest,
    Message,
    Profile,
    ProfileRequest,
    Ready,
    RefusedError,
    UnansweredError,
    fresh_nonce,
)
from tinygate.targets import family_of

HELLO_AGAIN_S = 1.0
_DEADLINES = Deadlines()
_MessageT = TypeVar("_MessageT", bound=Message)


def measure(
    port: Port,
    expected: Expected,
    plan: Plan,
    deadlines: Deadlines = _DEADLINES,
    reset_at: float | None = None,
    watch: Callable[[int], None] = lambda windows: None,
) -> Run:
    """Measure one boot.

    Args:
        port: where the board is.
        expected: who must answer.
        plan: what to measure.
        deadlines: how long to wait for what.
        reset_at: when the board's reset began, of time.monotonic; None if nobody knows.
        watch: is told how many windows have been answered, each time that some are.

    Raises:
        TargetError: the firmware panicked, hung, restarted or answered wrongly.
        LinkError, IdentityError, LabError: see tinygate.errors; nothing of the run counts.
    """
    return _Boot(port, expected, plan, deadlines, reset_at, watch).measure()


class _Boot:
    """The state of a run in progress."""

    def __init__(
        self,
        port: Port,
        expected: Expected,
        plan: Plan,
        deadlines: Deadlines,
        reset_at: float | None,
        watch: Callable[[int], None],
    ) -> None:
        self.port, self.expected, self.plan, self.deadlines = port, expected, plan, deadlines
        self.reset_at, self.watch = reset_at, watch
        self.asked_at = time.monotonic()  # when the first hello was sent
        self.health_at = 0.0
        self.session = HostSession(fresh_nonce())
        self.hearing = Hearing(port, self.session, Console(family_of(expected.target).console))
        self.announced = False
        self.line: Line | None = None
        self.outputs: tuple[NDArray[Any], ...] = ()
        self.raw: RawRun | None = None
        self.trials = LinkFaults()
        self.answers: list[Message] = []

    def measure(self) -> Run:
        began = time.monotonic()
        try:
            hello = self._open()
            self._prove(hello)
            booted = time.monotonic()
            self.line = Line(self.port, self.session, hello, self.hearing.step)
            self.line.negotiate(self.plan.line_baud)
            self._note_trials(hello)
            self.session.settled()
            self._exchange(hello)
            self.line.restore()
            run = self._run(hello, booted - began, time.monotonic() - booted)
            self._settle()
        except TinygateError as error:
            raise self._cause_of(error) from error
        except (ValueError, ArithmeticError, LookupError) as error:
            raise TargetError(
                f"what the application says makes no sense, and nothing follows from it ({error})"
            ) from error
        return run

    def _open(self) -> Hello:
        now = time.monotonic()
        deadline, ask_at = now + self.deadlines.boot_s, now + self.deadlines.quiet_s
        asked = False
        while now < deadline:
            if now >= ask_at:
                self.session.open()
                ask_at, asked, self.asked_at = now + HELLO_AGAIN_S, True, self.asked_at if asked else now
            events = self.hearing.step(min(ask_at, deadline))
            if self.session.hello is not None:
                return self.session.hello
            now = time.monotonic()
            if any(isinstance(event, Ready) for event in events):
                ask_at, self.announced = now, True
                deadline = min(deadline, now + self.deadlines.answer_s)
        raise why_no_hello(self.hearing, self.announced, self.deadlines)

    def _prove(self, hello: Hello) -> None:
        prove_identity(hello, self.expected)
        check_reset_reason(hello)
        if self.reset_at is not None:
            check_fresh(hello, time.monotonic() - self.reset_at)
        self.hearing.console.started()
        if hello.model_status != "ok":
            raise TargetError(why_unusable(hello, self._refusal(), self.hearing.console.tail(), self.plan.arena_key))
        check_tensors(hello, self.expected)
        self.plan.check(hello)

    def _note_trials(self, hello: Hello) -> None:
        """Note what rates that the line does not carry have cost: no fault of the line at the one that it has."""
        if self.session.counts["repairs"]:
            self.session.request(HealthRequest())
            answers = self._answered(Pace(self.deadlines, self.plan, hello))
            self.trials = self._faults(next(a for a in answers if isinstance(a, Health)))

    def _faults(self, health: Health) -> LinkFaults:
        return LinkFaults(health.rejected_records, health.receive_overflows, self.session.counts["repairs"])

    def _exchange(self, hello: Hello) -> None:
        pace = Pace(self.deadlines, self.plan, hello)

        def exchange(windows: int, size_bytes: int) -> list[Message]:
            pace.expect(windows, size_bytes)
            return self._answered(pace)

        streaming = Streaming(self.session, hello, self.plan, exchange)
        pace.expect(len(streaming.due) if streaming.raw else 0, 0)
        self.session.request(ArenaRequest())
        streaming.queue()
        if self._benches(hello):
            states = (None, Application.RUNNING) if self.plan.bench_running else (None,)
            self.session.request(*(BenchRequest(self.plan.warmup, self.plan.invocations, state) for state in states))
        self.session.request(ProfileRequest(), LayoutRequest(), HealthRequest())
        self.answers = self._answered(pace)
        self.health_at = time.monotonic()
        self.outputs, self.raw = streaming.outputs(self.answers), streaming.raw

    def _answered(self, pace: Pace) -> list[Message]:
        """Send and receive until all that was asked is answered; return the answers."""
        asked_at, before = 0.0, len(self.hearing.answers)
        while not self.session.done:
            due = self.session.due
            ask_at = max(pace.ask_at(due), asked_at + self.deadlines.again_s)
            for event in self.hearing.step(min(ask_at, pace.deadline(due))):
                if isinstance(event, Answer):
                    pace.answered(event.message)
                    if isinstance(event.message, Infer | InferRaw):
                        self.watch(event.message.first + event.message.count)
            due = self.session.due  # which may be another one by now
            pace.check()
            if due is not None and time.monotonic() >= pace.deadline(due):
                patience_s = pace.patience_s(due)
                raise self._ask_again(due, patience_s, patience_s)
            if due is not None and time.monotonic() >= max(pace.ask_at(due), asked_at + self.deadlines.again_s):
                asked_at = time.monotonic()
                self.session.ping()
        return self.hearing.answers[before:]

    def _settle(self) -> None:
        """Wait for a fault that the last requests caused: their answers came, and then the board may die of them."""
        until = time.monotonic() + self.deadlines.settle_s
        while time.monotonic() < until:
            self.hearing.step(until)
        self.hearing.unfinished()
        self.hearing.console.raise_fault()

    def _refusal(self) -> str:
        """Return what an application that cannot use its model says when it is asked to; empty if it says nothing."""
        self.session.request(ArenaRequest())
        deadline = time.monotonic() + self.deadlines.answer_s
        try:
            while not self.session.done and time.monotonic() < deadline:
                self.hearing.step(deadline)
        except RefusedError as refusal:
            return refusal.detail
        return ""

    def _benches(self, hello: Hello) -> bool:
        return self.plan.invocations > 0 and (hello.timing != "none" or self.plan.bench_untimed)

    def _cause_of(self, error: TinygateError) -> TinygateError:
        """Return what the console says of an error, if it explains it: a panic cuts records and restarts the board."""
        unexplained = isinstance(error, LabError) and not isinstance(error, IdentityError)
        wants_more = unexplained or self.hearing.console.fault is not None
        self.hearing.listen_on(self.deadlines.aftermath_s if wants_more else 0.0)
        if self.line is not None:
            self.line.abandon()
        if self.hearing.console.fault is not None:
            return self.hearing.console.fault.error()
        if isinstance(error, UnansweredError):
            error = self._ask_again(error.request, self.deadlines.again_s, self.deadlines.answer_s)
        if isinstance(error, BootChangedError) and error.reset_reason in RESETS_BY_FIRMWARE:
            return TargetError(str(error))  # the ROM's line may have come at a rate that could not be read
        return error

    def _ask_again(self, request: Message | None, silent_s: float, patience_s: float) -> TinygateError:
        if self.line is not None:
            self.line.abandon()
        return ask_again(self.port, request, str(self.session.boot_id), silent_s, patience_s, self.deadlines)

    def _only(self, kind: type[_MessageT]) -> _MessageT | None:
        return next((message for message in self.answers if isinstance(message, kind)), None)

    def _required(self, kind: type[_MessageT]) -> _MessageT:
        found = self._only(kind)
        if found is None:
            raise TargetError(f"the application does not answer {kind.KIND}, which every run needs: build it anew")
        return found

    def _run(self, hello: Hello, boot_s: float, measured_s: float) -> Run:
        bench = self._required(Bench) if self._benches(hello) else None
        benches = [message for message in self.answers if isinstance(message, Bench)]
        running = benches[1] if len(benches) > 1 else None
        arena, profile, health = self._required(Arena), self._only(Profile), self._required(Health)
        check_figures(hello, self.plan, (arena, benches, profile, health), self.health_at - self.asked_at)
        return Run(
            expected=self.expected,
            nonce=self.session.nonce,
            boot_id=str(self.session.boot_id),
            hello=hello,
            arena=arena,
            outputs=self.outputs,
            bench=bench,
            bench_running=running,
            profile=profile,
            layout=self._only(Layout),
            health=health,
            counts=MappingProxyType(dict(self.session.counts)),
            link=self._faults(health).since(self.trials),
            resets=tuple(self.hearing.console.resets),
            console=self.hearing.console.tail(),
            boot_s=boot_s,
            measured_s=measured_s,
            raw=self.raw,
        )
