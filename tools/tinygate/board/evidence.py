"""What a run is asked to measure, and what it found: the evidence that everything else is judged by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.board.identity import Expected
from tinygate.errors import TargetError
from tinygate.protocol import Arena, Bench, Health, Hello, Infer, Layout, Message, Profile


@dataclass(frozen=True)
class Deadlines:
    """How long a run waits, in seconds.

    Attributes:
        boot_s: for the application to say hello.
        quiet_s: of that, for it to announce itself before it is asked: a board that boots is not to be disturbed, and
            an emulated one was seen to take bytes that came early for an interrupt of another kind.
        answer_s: between one answer and the next; console text does not count.
        bench_s: for the answer to the timed invocations.
        aftermath_s: for the console text that explains a fault.
    """

    boot_s: float = 20.0
    quiet_s: float = 8.0
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
        bench_untimed: bench all the same: an emulator that counts instructions adds cycles of its own to the reply.
    """

    inputs: NDArray[Any]
    warmup: int = 3
    invocations: int = 50
    bench_untimed: bool = False


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

    def to_dict(self) -> dict[str, Any]:
        """Return all of it but the outputs' values, which are told by type, shape and sha256, as JSON has types."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        parts = {
            name: asdict(value) if isinstance(value, Message | Expected) else value for name, value in fields.items()
        }
        digest = hashlib.sha256(self.outputs.tobytes()).hexdigest()
        outputs = {"dtype": str(self.outputs.dtype), "shape": list(self.outputs.shape), "sha256": digest}
        return {**parts, "counts": dict(self.counts), "outputs": outputs}


def assemble(answers: Sequence[Infer], hello: Hello, count: int) -> NDArray[Any]:
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
                f"outputs of windows {answer.first}…{answer.first + answer.count - 1} are {len(answer.data)} bytes; "
                f"expected windows from {expected} on, {hello.output_bytes} bytes each"
            )
        expected += answer.count
        parts.append(answer.data)
    if expected != count:
        raise TargetError(f"the application answered {expected} windows of {count}")
    outputs = np.frombuffer(b"".join(parts), np.dtype(hello.output_dtype).newbyteorder("<"))
    return outputs.reshape(count, *hello.output_shape[1:])
