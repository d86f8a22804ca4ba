"""What a run is asked to measure, and what it found: the evidence that everything else is judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.board.identity import Expected
from tinygate.board.raw import RawPlan, RawRun
from tinygate.board.shared_set import SharedSet
from tinygate.errors import InputError, TargetError
from tinygate.protocol import Arena, Bench, Health, Hello, Infer, Layout, Message, Profile, Tensor


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        inputs: the test set as the model takes it: one array [N, ...] per input tensor, in the model's order and in the
            tensor's own type, already quantized; an array alone for a model with one input.
        resets: the windows before which the model's state is reset, by number from 0; None for all of them.
        warmup: invocations before the timed ones.
        invocations: timed invocations; 0, or a board that cannot know time, means no bench.
        bench_running: bench a second time with the application around the model running.
        bench_untimed: bench all the same: an emulator that counts instructions adds cycles of its own to the reply.
        invoke_s: the longest that an invocation may take on any chip: the run's deadline is reckoned with it.
        raw: the same windows as the sensor gives them, to be preprocessed by the device; None for none.
        shared: the same windows in real values, where variants share them; None where that is not known.
        line_baud: the fastest rate that the line is known to carry; None to find it out.
        arena_key: what to change for a larger arena, as the sentence about one that is too small shall name it.
    """

    inputs: NDArray[Any] | Sequence[NDArray[Any]]
    warmup: int = 3
    invocations: int = 50
    bench_running: bool = False
    bench_untimed: bool = False
    resets: Collection[int] | None = None
    invoke_s: float = 0.5
    arena_key: str = ""
    shared: SharedSet | None = None
    raw: RawPlan | None = None
    line_baud: int | None = None

    @property
    def tensors(self) -> tuple[NDArray[Any], ...]:
        """The inputs, one array [N, ...] per input tensor."""
        return (self.inputs,) if isinstance(self.inputs, np.ndarray) else tuple(self.inputs)

    @property
    def count(self) -> int:
        """Number of windows, N."""
        return len(self.tensors[0])

    def last_window(self) -> Plan:
        """Return the plan for the last window alone, and for what it needs of those before it: all since the reset."""
        start = self.count - 1 if self.resets is None else max((n for n in self.resets if n < self.count), default=0)
        inputs = tuple(tensor[start:] for tensor in self.tensors)
        return replace(self, inputs=inputs, resets=self.resets and (0,), shared=None, raw=None)

    def windows(self) -> Iterator[bytes]:
        """Yield each window as it travels: its inputs one after the other, little-endian."""
        for index in range(self.count):
            yield self.window(index)

    def window(self, index: int) -> bytes:
        """Return one window as it travels."""
        return b"".join(
            tensor[index].astype(tensor.dtype.newbyteorder("<"), copy=False).tobytes() for tensor in self.tensors
        )

    def check(self, hello: Hello) -> None:
        """Raise InputError unless the inputs are what the device's model takes, at least one of them."""
        wanted = [tensor.dtype for tensor in hello.inputs]
        given = [tensor.dtype.name for tensor in self.tensors]
        if given != wanted or len({len(tensor) for tensor in self.tensors}) > 1:
            shapes = ", ".join(f"{tensor.dtype}{list(tensor.shape)}" for tensor in self.tensors)
            raise InputError(f"the device's model takes {', '.join(wanted)}; {shapes} was given: quantize the inputs")
        if not self.count:
            raise InputError("there is no window to run: the test set is empty")
        if len(self.window(0)) != hello.window_bytes:
            raise InputError(
                f"a window has {len(self.window(0))} bytes, the device's model takes {hello.window_bytes}: the data "
                "and the model do not belong together"
            )


@dataclass(frozen=True)
class LinkFaults:
    """What a line did to records: how many the device rejected, how often it lost bytes, how many were sent again."""

    rejected_records: int = 0
    receive_overflows: int = 0
    repairs: int = 0

    def since(self, before: LinkFaults) -> LinkFaults:
        """Return what came after."""
        return LinkFaults(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))


@dataclass(frozen=True)
class Run:
    """The evidence of one boot; immutable.

    Attributes:
        outputs: raw outputs, one array [N, ...] per output tensor, in the model's order and the tensor's own type,
            without a batch dimension of 1, read-only.
        raw: what it made of raw windows, None where it takes or was sent none.
        bench, profile, layout: None when the board cannot know (hello.timing) or does not offer them.
        bench_running: the bench with the application running; None when there is none or it has nothing to set going.
        counts: records and faults seen on the link, by name, those of rates that were tried among them.
        link: the faults since the line's rate was settled.
        resets: reset reasons that the ROM printed, oldest first.
        console: last lines of console text, without records.
        boot_s, measured_s: wall time until hello, and from there to the end.
    """

    expected: Expected
    nonce: str
    boot_id: str
    hello: Hello
    arena: Arena
    outputs: tuple[NDArray[Any], ...]
    bench: Bench | None
    bench_running: Bench | None
    profile: Profile | None
    layout: Layout | None
    health: Health
    counts: Mapping[str, int]
    link: LinkFaults
    resets: tuple[str, ...]
    console: tuple[str, ...]
    boot_s: float
    measured_s: float
    raw: RawRun | None = None

    @property
    def output(self) -> NDArray[Any]:
        """The first output, [N, ...]: the only one of most models."""
        return self.outputs[0]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it but the outputs' values, which are told by type, shape and sha256, as JSON has types."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        parts = {name: _as_json(value) for name, value in fields.items()}
        outputs = [
            {"dtype": str(o.dtype), "shape": list(o.shape), "sha256": hashlib.sha256(o.tobytes()).hexdigest()}
            for o in self.outputs
        ]
        return {**parts, "counts": dict(self.counts), "outputs": outputs}


def _as_json(value: Any) -> Any:
    if isinstance(value, RawRun):
        return value.to_dict()
    return asdict(value) if isinstance(value, Message | Expected | LinkFaults) else value


def assemble(answers: Sequence[Infer], hello: Hello, count: int) -> tuple[NDArray[Any], ...]:
    """Join the answers to infer requests, in any order, into raw outputs, one array [count, ...] per output.

    Raises:
        TargetError: windows are missing or repeated, or an output has the wrong size.
    """
    expected, size, parts = 0, hello.result_bytes, list[bytes]()
    for answer in sorted(answers, key=lambda answer: answer.first):
        if answer.count == 0:
            continue
        if answer.first != expected or len(answer.data) != answer.count * size:
            raise TargetError(
                f"the application answered windows {answer.first}…{answer.first + answer.count - 1} with "
                f"{len(answer.data)} bytes; expected windows from {expected} on, {size} bytes each: look at its runner"
            )
        expected += answer.count
        parts.append(answer.data)
    if expected != count:
        raise TargetError(f"the application answered {expected} windows of {count}: look at its runner")
    rows = np.frombuffer(b"".join(parts), np.uint8).reshape(count, size)
    ends = np.cumsum(hello.output_bytes)
    return tuple(_output(rows[:, end - t.size_bytes : end], t) for end, t in zip(ends, hello.outputs, strict=True))


def _output(rows: NDArray[np.uint8], tensor: Tensor) -> NDArray[Any]:
    """Return the values [N, ...] in the bytes [N, size] of one output."""
    shape = tensor.shape[1:] if tensor.shape[:1] == (1,) else tensor.shape
    values = np.frombuffer(rows.tobytes(), np.dtype(tensor.dtype).newbyteorder("<"))  # of bytes: read-only
    return values.reshape(len(rows), *shape)
