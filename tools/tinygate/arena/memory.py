"""The arena as TensorFlow Lite Micro fills it: persistent structures from the end, everything else from the start.

Mirrors `SingleArenaBufferAllocator`. Places are counted from the start for the head and from the end for the tail, so
that they hold for an arena of any size that is a multiple of 16; `needed_bytes` is the smallest such size in which no
request so far would have failed or spoilt another. `peaks` are the fullest moments of each phase.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ALIGNMENT = 16
"""Of the arena, of planned buffers and of what kernels ask for."""


def align_up(value: int, alignment: int = ALIGNMENT) -> int:
    """Return the smallest multiple of `alignment` that is not below `value`."""
    return -(-value // alignment) * alignment


@dataclass(frozen=True)
class Owner:
    """Who asked for memory: an operator of a subgraph, or (-1, -1) the interpreter itself."""

    subgraph: int = -1
    operator: int = -1
    name: str = ""

    def __str__(self) -> str:
        return f"operator {self.operator} {self.name}" if self.operator >= 0 else "the interpreter"


@dataclass(frozen=True)
class Part:
    """A piece of memory.

    Attributes:
        kind: what it holds: "TfLiteEvalTensor", "operator data", …
        size_bytes: with the padding that aligning it costs.
        owner: who asked for it.
    """

    kind: str
    size_bytes: int
    owner: Owner = field(default_factory=Owner)


@dataclass(frozen=True)
class Moment:
    """A moment of the allocation and what the arena must hold at once then.

    Attributes:
        phase: "prepare", "plan" or "run".
        owner: the operator that is being prepared, the interpreter otherwise.
        size_bytes: head and tail together.
        tail_bytes: persistent structures so far.
        head: what lies in the head.
    """

    phase: str
    owner: Owner
    size_bytes: int
    tail_bytes: int
    head: tuple[Part, ...]


class Memory:
    """A simulated arena."""

    def __init__(self) -> None:
        self.head_bytes = 0
        self.temp_bytes = 0
        self.tail_bytes = 0
        self.unread_bytes = 0  # at the end of the last temporary
        self.persistent_parts: list[Part] = []
        self.phase = "prepare"
        self.owner = Owner()
        self.peaks: dict[str, Moment] = {}
        self._head_parts: list[Part] = []
        self._temp_parts: list[Part] = []

    @property
    def needed_bytes(self) -> int:
        """The smallest multiple of 16 in which every request fits."""
        return align_up(max((moment.size_bytes for moment in self.peaks.values()), default=0))

    def persistent(self, size_bytes: int, alignment: int, kind: str, *, is_filled: bool = True) -> None:
        """Take memory for good, from the end.

        TFLM compares it with the head alone: that it lies over temporaries goes unnoticed. Harm is done only when it is
        filled at once and beyond what nobody reads any more at the end of the last temporary.
        """
        before = self.tail_bytes
        self.tail_bytes = align_up(before + size_bytes, alignment)
        self.persistent_parts.append(Part(kind, self.tail_bytes - before, self.owner))
        in_the_way = self.temp_bytes - self.unread_bytes if is_filled else self.head_bytes
        self._check(max(self.head_bytes, in_the_way) + self.tail_bytes)

    def temporary(self, size_bytes: int, alignment: int, kind: str) -> None:
        """Take memory behind the head until the head is resized."""
        before = self.temp_bytes
        self.temp_bytes = align_up(before, alignment) + size_bytes
        self._temp_parts.append(Part(kind, self.temp_bytes - before, self.owner))
        self.unread_bytes = 0
        self._check(self.temp_bytes + self.tail_bytes)

    def resize_head(self, size_bytes: int, kind: str) -> None:
        """Make the head as large as `size_bytes` and give all temporaries back."""
        self.head_bytes = self.temp_bytes = size_bytes
        self.unread_bytes = 0
        self._head_parts = [Part(kind, size_bytes)]
        self._temp_parts.clear()
        self._check(size_bytes + self.tail_bytes)

    def aligned_work_area(self, size_bytes: int, kind: str) -> None:
        """Ask for a work area of the planner: between head and tail, both aligned inwards."""
        start = align_up(self.temp_bytes)
        self._temp_parts.append(Part(kind, start - self.temp_bytes + size_bytes, self.owner))
        self.temp_bytes = start + size_bytes
        self._check(align_up(self.temp_bytes) + align_up(self.tail_bytes))

    def _check(self, total_bytes: int) -> None:
        if self.phase not in self.peaks or total_bytes > self.peaks[self.phase].size_bytes:
            parts = [*self._head_parts, *self._temp_parts]
            rest = total_bytes - self.tail_bytes - sum(part.size_bytes for part in parts)
            if rest:
                parts.append(Part("alignment" if rest > 0 else "overlap that does no harm", rest))
            self.peaks[self.phase] = Moment(self.phase, self.owner, total_bytes, self.tail_bytes, tuple(parts))
