"""What is said of an arena: two numbers, and what they consist of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tinygate.arena.memory import Moment, Part


@dataclass(frozen=True)
class PlannedBuffer:
    """A buffer of the head.

    Attributes:
        name: the tensor's name, or the operator's and what it keeps there.
        is_scratch: a scratch buffer of one operator, no tensor.
        subgraph, tensor: whose values it holds; tensor is -1 for scratch.
        offset_bytes, size_bytes: its place; the size is rounded up to 16.
        first_use, last_use: the steps between which it is alive, both included; step 0 is before the first operator.
    """

    name: str
    is_scratch: bool
    subgraph: int
    tensor: int
    offset_bytes: int
    size_bytes: int
    first_use: int
    last_use: int

    @property
    def end_bytes(self) -> int:
        """Where it ends."""
        return self.offset_bytes + self.size_bytes


@dataclass(frozen=True)
class Step:
    """An operator's turn: its number among all steps, and who it is."""

    step: int
    subgraph: int
    operator: int
    name: str


@dataclass(frozen=True)
class Saving:
    """Something that would lower the arena.

    Attributes:
        kind: "operator_order", "in_place", "smaller_intermediate" or "per_tensor".
        sentence: what to do.
        used_bytes, minimum_bytes: how much each number would fall.
    """

    kind: str
    sentence: str
    used_bytes: int
    minimum_bytes: int


@dataclass(frozen=True)
class ArenaPrediction:
    """The arena of a model on a target.

    Attributes:
        target: its name.
        runtime, kernels: versions whose structure sizes were taken.
        used_bytes: what `arena_used_bytes()` answers after allocation, in an arena whose size is a multiple of 16.
        minimum_bytes: the smallest multiple of 16 that works.
        head_bytes: planned activations and scratch.
        tail_bytes: persistent structures.
        exact: False if both numbers are lower bounds.
        unknown: why, in sentences.
        notes: assumptions.
        peaks: the fullest moment of each phase.
        persistent: every persistent piece in order.
        plan: every buffer of the head.
        steps: who runs when.
        peak_step: the step at which the head is filled highest.
    """

    target: str
    runtime: str
    kernels: str
    used_bytes: int
    minimum_bytes: int
    head_bytes: int
    tail_bytes: int
    exact: bool
    unknown: tuple[str, ...]
    notes: tuple[str, ...]
    peaks: tuple[Moment, ...]
    persistent: tuple[Part, ...]
    plan: tuple[PlannedBuffer, ...]
    steps: tuple[Step, ...]
    peak_step: int

    @property
    def peak(self) -> Moment:
        """The moment that decides the minimum."""
        return max(self.peaks, key=lambda moment: moment.size_bytes)

    @property
    def scratch_bytes(self) -> int:
        """Sum of all scratch buffers, which may lie over each other."""
        return sum(buffer.size_bytes for buffer in self.plan if buffer.is_scratch)

    @property
    def alive_at_peak(self) -> tuple[PlannedBuffer, ...]:
        """Buffers that are alive when the head is filled highest, from low to high."""
        alive = [b for b in self.plan if b.first_use <= self.peak_step <= b.last_use]
        return tuple(sorted(alive, key=lambda buffer: buffer.offset_bytes))

    def by_kind(self) -> dict[str, int]:
        """Return the persistent bytes by kind, largest first."""
        return _sums((part.kind, part.size_bytes) for part in self.persistent)

    def by_operator(self) -> dict[str, int]:
        """Return the persistent bytes by who asked for them, largest first."""
        return _sums((str(part.owner), part.size_bytes) for part in self.persistent)


def _sums(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for key, size_bytes in pairs:
        sums[key] = sums.get(key, 0) + size_bytes
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
