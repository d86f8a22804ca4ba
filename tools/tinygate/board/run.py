"""One boot of one application, measured: identity first, then everything else, or an error that says who is to blame.

    hello (fresh nonce) → identity → arena → infer, the whole test set → bench, on its last window → profile, layout, health

The bytes come and go through a `Port`. A panic, watchdog or reset on the console decides the run, whatever follows it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tinygate.board.console import Console
from tinygate.board.identity import Expected, prove_identity
from tinygate.board.port import Port
from tinygate.errors import LabError, LinkError, TargetError, TinygateError
from tinygate.protocol import (
    Answer,
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    Damaged,
    Decoder,
    ErrorCode,
    Event,
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

HELLO_AGAIN_S = 1.0
_MessageT = TypeVar("_MessageT", bound=Message)


@dataclass(frozen=True)
class Deadlines:
    """How long a run waits, in seconds.

    Attributes:
        boot_s: for the application to say hello.
        answer_s: between one answer and the next; console text does not count.
        bench_s: for the answer to the timed invocations.
        aftermath_s: for the console text that explains a fault.
    """

    boot_s: float = 20.0
    answer_s: float = 10.0
    bench_s: float = 120.0
    aftermath_s: float = 1.0


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        inputs: the test set as the model takes it: [N, ...] in the input tensor's own type, already quantized.
        warmup: invocations before the timed ones.
        invocations: timed invocations; 0, or a board that cannot know time, means no bench.
    """

    inputs: NDArray[Any]
    warmup: int = 3
    invocations: int = 50


@dataclass(frozen=True)
class Run:
    """The evidence of one boot; immutable.

    Attributes:
        outputs: raw outputs [N, ...] in the output tensor's own type, read-only.
        bench, profile, layout: None when the board cannot know (hello.timing) or does not offer them.
        counts: records and faults seen on the link, by name.
        resets: reset reasons that the ROM printed, oldest first.
        console: last lines of console text, without records.
        boot_s, measured_s: wall time until hello, and from there to the end.
    """

    expected: Expected
    nonce: str
    boot_id: str
    hello: Hello
    arena: Arena
    outputs: NDArray[Any]
    bench: Bench | None
    profile: Profile | None
    layout: Layout | None
    health: Health
    counts: Mapping[str, int]
    resets: tuple[str, ...]
    console: tuple[str, ...]
    boot_s: float
    measured_s: float


def measure(port: Port, expected: Expected, plan: Plan, deadlines: Deadlines = Deadlines()) -> Run:
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
        self.console = Console()
        self.session = HostSession(fresh_nonce())
        self.answers: list[Message] = []
        self.heard = False

    def measure(self) -> Run:
        began = time.monotonic()
        try:
            hello = self._open()
            prove_identity(hello, self.expected)
            self.console.started()
            booted = time.monotonic()
            self._exchange(hello)
        except TinygateError as error:
            raise self._cause_of(error) from error
        return self._run(hello, booted - began, time.monotonic() - booted)

    def _open(self) -> Hello:
        deadline = time.monotonic() + self.deadlines.boot_s
        while time.monotonic() < deadline:
            self.session.open()
            again = min(time.monotonic() + HELLO_AGAIN_S, deadline)
            while time.monotonic() < again:
                events = list(self._step(again))
                if self.session.hello is not None:
                    return self.session.hello
                if any(isinstance(event, Ready) for event in events):
                    break  # it has just booted and may have missed the question
        if not self.heard:
            raise LabError(
                f"the board said nothing for {self.deadlines.boot_s:g} s after its reset: check power, cable and port"
            )
        raise TargetError(
            f"the application did not say hello within {self.deadlines.boot_s:g} s; the last it said: {self._last_words()}"
        )

    def _exchange(self, hello: Hello) -> None:
        windows = (window.tobytes() for window in _little_endian(self.plan.inputs))
        self.session.request(ArenaRequest())
        self.session.infer(windows)
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

    def _benches(self, hello: Hello) -> bool:
        return hello.timing != "none" and self.plan.invocations > 0

    def _step(self, deadline: float) -> Iterator[Event]:
        """Send what the device has room for, take what has come, and look at the console."""
        if outgoing := self.session.outgoing():
            self.port.write(outgoing)
        data = self.port.read_available(deadline)
        self.heard = self.heard or bool(data)
        events = []
        try:
            for event in self.session.receive(data):
                self._note(event)
                events.append(event)
        except RefusedError as refusal:
            if refusal.code is not ErrorCode.UNSUPPORTED:
                raise
        self.console.raise_fault()
        return iter(events)

    def _note(self, event: Event) -> None:
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
            return TargetError(
                f"the application gave no answer for {patience_s:g} s, and then answered a new hello: hung"
            )
        return LabError(f"the board fell silent for {patience_s:g} s and answers no hello: check power, cable and port")

    def _cause_of(self, error: TinygateError) -> TinygateError:
        """Return what the console says of an error, if it explains it: a panic cuts records and restarts the board."""
        decoder = Decoder()
        until = time.monotonic() + self.deadlines.aftermath_s
        while self.console.fault is None and isinstance(error, LinkError | LabError) and time.monotonic() < until:
            try:
                data = self.port.read_available(until)
            except LabError:
                break
            for event in decoder.feed(data):
                if isinstance(event, Text | Damaged):
                    self.console.feed(event.raw.decode("ascii", "replace"))
        return self.console.fault.error() if self.console.fault is not None else error

    def _last_words(self) -> str:
        return " / ".join(self.console.tail(3)) or "nothing but records"

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
            outputs=assemble(answers, hello, len(self.plan.inputs)),
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


def assemble(answers: list[Infer], hello: Hello, count: int) -> NDArray[Any]:
    """Join the answers to infer requests into raw outputs [count, ...], in order of the windows.

    Raises:
        TargetError: windows are missing, repeated or out of order, or an output has the wrong size.
    """
    if not hello.output_dtype or not hello.output_bytes:
        raise TargetError("the application's hello does not describe its output tensor")
    expected, parts = 0, []
    for answer in answers:
        if answer.count == 0:
            continue
        if answer.first != expected or len(answer.data) != answer.count * hello.output_bytes:
            raise TargetError(
                f"outputs of windows {answer.first}…{answer.first + answer.count - 1} came as {len(answer.data)} bytes; "
                f"expected windows from {expected} on, {hello.output_bytes} bytes each"
            )
        expected += answer.count
        parts.append(answer.data)
    if expected != count:
        raise TargetError(f"the application answered {expected} windows of {count}")
    outputs = np.frombuffer(b"".join(parts), np.dtype(hello.output_dtype).newbyteorder("<"))
    return outputs.reshape(count, *hello.output_shape[1:])


def _little_endian(inputs: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(inputs, inputs.dtype.newbyteorder("<"))
