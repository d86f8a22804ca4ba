"""One boot of one application, measured: identity first, then everything else, or an error that says who is to blame.

    hello (fresh nonce) → identity → arena → infer (the whole test set) → bench (on its last window)
                                                                        → profile → layout → health

The bytes come and go through a `Port`. A panic, watchdog or reset on the console decides the run, whatever follows it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import MappingProxyType
from typing import TypeVar

from tinygate.board.console import Console
from tinygate.board.evidence import Deadlines, Plan, Run, assemble
from tinygate.board.identity import Expected, prove_identity
from tinygate.board.port import Port
from tinygate.board.unusable import why_unusable
from tinygate.errors import IdentityError, LabError, TargetError, TinygateError
from tinygate.protocol import (
    Answer,
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    BootChangedError,
    Damaged,
    Decoder,
    ErrorCode,
    Health,
    HealthRequest,
    Hello,
    HostSession,
    Infer,
    Layout,
    LayoutRequest,
    Message,
    Profile,
    ProfileRequest,
    Ready,
    RefusedError,
    Text,
    fresh_nonce,
)
from tinygate.targets import family_of

HELLO_AGAIN_S = 1.0
_DEADLINES = Deadlines()
_CRASHES = ("panic", "int_wdt", "task_wdt", "wdt")
_RESETS_BY_FIRMWARE = ("sw", *_CRASHES, "deepsleep")
_Event = Answer | Ready | Text | Damaged
_MessageT = TypeVar("_MessageT", bound=Message)


def measure(port: Port, expected: Expected, plan: Plan, deadlines: Deadlines = _DEADLINES) -> Run:
    """Measure one boot.

    Raises:
        TargetError: the firmware panicked, hung, restarted or answered wrongly.
        LinkError, IdentityError, LabError: see tinygate.errors; nothing of the run counts.
    """
    return _Boot(port, expected, plan, deadlines).measure()


class _Boot:
    """The state of a run in progress."""

    def __init__(self, port: Port, expected: Expected, plan: Plan, deadlines: Deadlines) -> None:
        self.port, self.expected, self.plan, self.deadlines = port, expected, plan, deadlines
        self.console = Console(family_of(expected.target).console)
        self.session = HostSession(fresh_nonce())
        self.answers: list[Message] = []
        self.received = b""
        self.heard = False

    def measure(self) -> Run:
        began = time.monotonic()
        try:
            hello = self._open()
            prove_identity(hello, self.expected)
            if hello.reset_reason in _CRASHES:
                raise TargetError(f"the application came up after a crash: its reset reason is {hello.reset_reason}")
            self.console.started()
            if hello.model_status != "ok":
                raise TargetError(why_unusable(hello, self._refusal(), self.console.tail(), self.plan.arena_key))
            self.plan.check(hello)
            booted = time.monotonic()
            self._exchange(hello)
        except TinygateError as error:
            raise self._cause_of(error) from error
        return self._run(hello, booted - began, time.monotonic() - booted)

    def _open(self) -> Hello:
        now = time.monotonic()
        deadline, ask_at = now + self.deadlines.boot_s, now + self.deadlines.quiet_s
        while now < deadline:
            if now >= ask_at:
                self.session.open()
                ask_at = now + HELLO_AGAIN_S
            events = self._step(min(ask_at, deadline))
            if self.session.hello is not None:
                return self.session.hello
            now = time.monotonic()
            if any(isinstance(event, Ready) for event in events):
                ask_at = now
        if not self.heard:
            raise LabError(f"the board said nothing for {self.deadlines.boot_s:g} s: check power, cable and port")
        if any(line.startswith("@TG") for line in self.console.tail()):
            raise TargetError("the application speaks another version of the protocol: build and flash it again")
        raise TargetError(
            f"the application did not say hello within {self.deadlines.boot_s:g} s of its reset; "
            f"the last lines of its console: {' / '.join(self.console.tail(3)) or 'none'}"
        )

    def _exchange(self, hello: Hello) -> None:
        self.session.request(ArenaRequest())
        self.session.infer(self.plan.windows(), resets=self.plan.resets)
        if self._benches(hello):
            self.session.request(BenchRequest(self.plan.warmup, self.plan.invocations))
        self.session.request(ProfileRequest(), LayoutRequest(), HealthRequest())
        patience = max(self.deadlines.answer_s, self.deadlines.bench_s if self._benches(hello) else 0)
        deadline = time.monotonic() + patience
        while not self.session.done:
            if any(isinstance(event, Answer) for event in self._step(deadline)):
                deadline = time.monotonic() + patience
            elif time.monotonic() >= deadline:
                raise self._silence(patience)

    def _refusal(self) -> str:
        """Return what an application that cannot use its model says when it is asked to; empty if it says nothing."""
        self.session.request(ArenaRequest())
        deadline = time.monotonic() + self.deadlines.answer_s
        try:
            while not self.session.done and time.monotonic() < deadline:
                self._step(deadline)
        except RefusedError as refusal:
            return refusal.detail
        return ""

    def _benches(self, hello: Hello) -> bool:
        return self.plan.invocations > 0 and (hello.timing != "none" or self.plan.bench_untimed)

    def _step(self, deadline: float) -> list[_Event]:
        """Send what the device has room for, take what has come, and look at the console."""
        if outgoing := self.session.outgoing():
            self.port.write(outgoing)
        self.received = self.port.read_available(deadline)
        self.heard = self.heard or bool(self.received)
        events = list(self._events(self.received))
        self.console.raise_fault()
        return events

    def _events(self, data: bytes) -> Iterator[_Event]:
        try:
            for event in self.session.receive(data):
                self._note(event)
                yield event
        except RefusedError as refusal:
            if refusal.code is not ErrorCode.UNSUPPORTED:
                raise
            yield from self._events(b"")  # what came with the refusal

    def _note(self, event: _Event) -> None:
        if isinstance(event, Text | Damaged):
            self.console.feed(event.raw.decode("ascii", "replace"))
        elif isinstance(event, Answer):
            self.answers.append(event.message)

    def _silence(self, patience_s: float) -> TinygateError:
        """Tell a hung application, which answers a handshake or nothing, from a link that lost something."""
        session = HostSession(fresh_nonce())
        session.open()
        self.port.write(session.outgoing())
        until = time.monotonic() + self.deadlines.aftermath_s
        while time.monotonic() < until and session.hello is None:
            for _ in session.receive(self.port.read_available(until)):
                pass
        if session.hello is not None:
            return TargetError(f"the application hung: no answer for {patience_s:g} s, then one to a new hello")
        return LabError(f"the board fell silent for {patience_s:g} s and answers no hello: check power, cable and port")

    def _cause_of(self, error: TinygateError) -> TinygateError:
        """Return what the console says of an error, if it explains it: a panic cuts records and restarts the board."""
        decoder, data = Decoder(), self.received
        until = time.monotonic() + self.deadlines.aftermath_s
        unexplained = isinstance(error, LabError) and not isinstance(error, IdentityError)
        while unexplained and self.console.fault is None and time.monotonic() < until:
            for event in decoder.feed(data):
                if isinstance(event, Text | Damaged):
                    self.console.feed(event.raw.decode("ascii", "replace"))
            try:
                data = self.port.read_available(until)
            except LabError:
                break
        if self.console.fault is not None:
            return self.console.fault.error()
        if isinstance(error, BootChangedError) and error.reset_reason in _RESETS_BY_FIRMWARE:
            return TargetError(str(error))  # the ROM's line may have come at a rate that could not be read
        return error

    def _only(self, kind: type[_MessageT]) -> _MessageT | None:
        return next((message for message in self.answers if isinstance(message, kind)), None)

    def _required(self, kind: type[_MessageT]) -> _MessageT:
        found = self._only(kind)
        if found is None:
            raise TargetError(f"the application does not answer {kind.KIND}, which every run needs")
        return found

    def _run(self, hello: Hello, boot_s: float, measured_s: float) -> Run:
        answers = [message for message in self.answers if isinstance(message, Infer)]
        return Run(
            expected=self.expected,
            nonce=self.session.nonce,
            boot_id=str(self.session.boot_id),
            hello=hello,
            arena=self._required(Arena),
            outputs=assemble(answers, hello, self.plan.count),
            bench=self._only(Bench),
            profile=self._only(Profile),
            layout=self._only(Layout),
            health=self._required(Health),
            counts=MappingProxyType(dict(self.session.counts)),
            resets=tuple(self.console.resets),
            console=self.console.tail(),
            boot_s=boot_s,
            measured_s=measured_s,
        )
