"""Evidence made up: a model of any variants, for the decision's every leaf and border."""

from __future__ import annotations

import math
from typing import Any

from tinygate.model.tables import Product
from tinygate.study.evidence import Code, Evidence, Loss, Memory, Metric, Rung, VariantEvidence, Work

TARGET = "chip"
METHODS = {
    "float32": Rung.FLOAT, "ptq_int8": Rung.PTQ, "ptq_int8_per_tensor": Rung.PTQ, "qat_int8": Rung.QAT,
    "ptq_int16x8": Rung.WIDE, "pruned70_int8": Rung.PRUNED,
}  # fmt: skip
LIMIT = 2.0
KEEPS, LOSES, OPEN = (-1.0, 1.0), (3.0, 5.0), (1.0, 3.0)
"""Intervals of a loss: below the limit, above it, across it."""


def variant(
    name: str,
    interval: tuple[float, float] | None = KEEPS,
    *,
    tflite_bytes: int = 10_000,
    zstd_bytes: int = 8_000,
    arena: int = 4_000,
    work: int = 1_000,
    agreement: float = 99.0,
    windows: int | None = None,
    refusal: str = "",
    latency_us: float | None = None,
) -> VariantEvidence:
    """A variant whose loss has this interval; None for the reference."""
    loss = Loss(sum(interval) / 2, *interval, LIMIT, windows) if interval else None
    return VariantEvidence(
        name=name,
        rung=METHODS[name],
        tflite_bytes=tflite_bytes,
        stripped_bytes=tflite_bytes,
        gzip_bytes=zstd_bytes,
        zstd_bytes=zstd_bytes,
        stripped_zstd_bytes=zstd_bytes,
        metric=90.0 - (loss.loss if loss and math.isfinite(loss.loss) else 0.0),
        metric_low=85.0,
        metric_high=95.0,
        agreement_percent=agreement,
        loss=loss,
        multiplications=100,
        memory={TARGET: Memory(refusal, arena, arena)},
        work={TARGET: Work(work, "steps", "nobody")},
        latency_us={} if latency_us is None else {TARGET: latency_us},
    )


def evidence(*variants: VariantEvidence, **product: Any) -> Evidence:
    """A model of a float32 reference of 40,000 bytes, 8,000 of arena, 2,000 of work, and these variants."""
    whole = {"flash_bytes": 100_000, "ram_bytes": 20_000, "stack_bytes": 1_000} | product
    float32 = variant("float32", None, tflite_bytes=40_000, arena=8_000, work=2_000, agreement=100.0, zstd_bytes=38_000)
    first = () if variants and variants[0].rung is Rung.FLOAT else (float32,)
    code = {TARGET: Code(5_000, 100, ("CONV_2D",), "nobody")}
    metric = Metric("accuracy", "%", False, 1000, 40)
    return Evidence("made", metric, Product.model_validate(whole), (*first, *variants), code)
