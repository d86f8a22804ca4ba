"""What is known of a model's variants: all that a decision rests on, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from tinygate.model.tables import Product


class Rung(StrEnum):
    """How a variant is compressed: the rungs of the ladder that the decision climbs, the cheapest first."""

    FLOAT = "float32"
    PTQ = "post-training int8"
    QAT = "quantization-aware int8"
    WIDE = "int16 activations"
    PRUNED = "pruned int8"
    HYBRID = "dynamic range"


@dataclass(frozen=True)
class Loss:
    """What a variant loses of the metric against the reference; positive is worse, in the metric's unit.

    Attributes:
        low, high: 95 % interval; infinite where the data cannot tell.
        limit: what may be lost; None when nobody said.
        windows_needed: with how many windows the question would be decided; None when it is, or more would not help.
        lost, gained: windows that only the reference, or only the variant, answers rightly; None if none are counted.
    """

    loss: float
    low: float
    high: float
    limit: float | None
    windows_needed: int | None = None
    lost: int | None = None
    gained: int | None = None

    def __str__(self) -> str:
        return f"{self.loss:+.3g} ({self.low:+.3g} to {self.high:+.3g})"

    @property
    def is_within(self) -> bool | None:
        """Whether the whole interval lies below the limit, or above it; None when neither, or without a limit."""
        if self.limit is None or not (self.high < self.limit or self.low > self.limit):
            return None
        return self.high < self.limit


@dataclass(frozen=True)
class Memory:
    """What a variant needs on a target.

    Attributes:
        refusal: why it does not run there; "" when it does.
        arena_used_bytes, arena_minimum_bytes: as `tinygate.arena` computes them.
        is_exact: whether they are exact, else lower bounds.
    """

    refusal: str
    arena_used_bytes: int = 0
    arena_minimum_bytes: int = 0
    is_exact: bool = True


@dataclass(frozen=True)
class Work:
    """What an inference takes, counted without a chip. Never a time.

    Attributes:
        count: how many.
        unit: of what: "emulated cycles", "instructions".
        counted_by: emulator and toolchain that it holds for.
    """

    count: int
    unit: str
    counted_by: str


@dataclass(frozen=True)
class VariantEvidence:
    """One variant.

    Attributes:
        rung: how it is compressed.
        tflite_bytes, stripped_bytes, gzip_bytes, zstd_bytes: the file; what is left of it stripped; the file packed.
        stripped_zstd_bytes: the stripped file packed.
        metric, metric_low, metric_high: its value on the test set with a 95 % interval; None without labels.
        agreement_percent: how often it answers as the reference does.
        loss: against the reference; None for the reference itself, and without labels.
        multiplications: of one inference, counted in the graph.
        operators: the same by operator: its number and name.
        memory: by target.
        work: by target, where an emulator has run this very file.
        latency_us: as a board measured it, by target.
        sparsity: share of zeros in each layer's weights, read back from the file.
        purposes: where the bytes go, of the file and stripped.
    """

    name: str
    rung: Rung
    tflite_bytes: int
    stripped_bytes: int
    gzip_bytes: int
    zstd_bytes: int
    stripped_zstd_bytes: int
    metric: float | None
    metric_low: float | None
    metric_high: float | None
    agreement_percent: float
    loss: Loss | None
    multiplications: int
    memory: Mapping[str, Memory]
    work: Mapping[str, Work] = field(default_factory=dict)
    latency_us: Mapping[str, float] = field(default_factory=dict)
    sparsity: Mapping[str, float] = field(default_factory=dict)
    purposes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    operators: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> VariantEvidence:
        """Return what `as_json` gave."""
        return cls(
            **{
                **kept,
                "rung": Rung(kept["rung"]),
                "loss": Loss(**kept["loss"]) if kept["loss"] else None,
                "memory": {target: Memory(**each) for target, each in kept["memory"].items()},
                "work": {target: Work(**each) for target, each in kept["work"].items()},
                "purposes": {name: (was, now) for name, (was, now) in kept["purposes"].items()},
            }
        )


@dataclass(frozen=True)
class Metric:
    """What a model is judged by: title and unit of the figure, whether less is better, and on how many windows."""

    title: str
    unit: str
    at_most: bool
    windows: int
    clusters: int
    unknown: str = ""


@dataclass(frozen=True)
class Evidence:
    """A model: what it is judged by, what the product demands, and its variants, the reference first."""

    model: str
    metric: Metric
    product: Product
    variants: tuple[VariantEvidence, ...]
    code: Mapping[str, Code]

    @property
    def reference(self) -> VariantEvidence:
        """The variant that the others are held against."""
        return self.variants[0]

    def flash_bytes(self, variant: VariantEvidence, target: str) -> int:
        """Return what model, runtime and application take of a target's flash."""
        code = self.code[target].flash_bytes if target in self.code else 0
        return variant.tflite_bytes + code + self.product.application_flash_bytes

    def ram_bytes(self, variant: VariantEvidence, target: str) -> int:
        """Return what arena, stack, runtime and application take of a target's RAM."""
        static = self.code[target].static_ram_bytes if target in self.code else 0
        arena = variant.memory[target].arena_minimum_bytes
        return arena + static + self.product.stack_bytes + self.product.application_ram_bytes


@dataclass(frozen=True)
class Code:
    """What TensorFlow Lite Micro, its kernels and what registers them take on a target, as a build measured them.

    Attributes:
        operators: whose kernels are in it; others add to it.
        source: toolchain and versions that it holds for.
        page_bytes: in which steps an image grows; 1 where every byte counts.
    """

    flash_bytes: int
    static_ram_bytes: int
    operators: tuple[str, ...]
    source: str
    page_bytes: int = 1
