"""A prediction as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tinygate.arena.memory import Moment
from tinygate.arena.prediction import ArenaPrediction, PlannedBuffer, Saving

_PHASES = {
    "prepare": "while {owner} is prepared",
    "plan": "while the head is planned",
    "run": "when the model is loaded and while it runs",
}
_MOST_ROWS = 12
_LONGEST_NAME = 80  # converters join the names of all operators that they fused


def as_text(prediction: ArenaPrediction, savings: Sequence[Saving], path: str) -> str:
    """Return what a person reads, without ANSI codes."""
    at_least = "" if prediction.exact else "at least "
    lines = [
        f"{path} on {prediction.target} ({prediction.runtime}, {prediction.kernels})",
        "",
        f"  used                {at_least}{prediction.used_bytes:,} bytes   what arena_used_bytes() answers",
        f"  minimum that works  {at_least}{prediction.minimum_bytes:,} bytes   the smallest multiple of 16 to allocate",
        *(f"  not counted: {sentence}" for sentence in prediction.unknown),
        *(f"  note: {sentence}" for sentence in prediction.notes),
        "",
        *_consists(prediction),
        "",
        *_decides(prediction.peak),
        "",
        *_alive(prediction),
    ]
    if savings:
        lines += ["", "What would lower it, used / minimum:"]
        lines += [f"  -{s.used_bytes:,} / -{s.minimum_bytes:,}  {s.sentence}" for s in savings]
    return "\n".join(_printable(line) for line in lines) + "\n"


def _printable(text: str) -> str:
    """Return `text` with what a terminal would obey written out: names come from the file."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def _rows(sums: Mapping[str, int]) -> list[str]:
    shown = list(sums.items())[:_MOST_ROWS]
    rest = sum(sums.values()) - sum(size_bytes for _, size_bytes in shown)
    rows = [f"    {size_bytes:>9,}  {name}" for name, size_bytes in shown]
    return [*rows, f"    {rest:>9,}  {len(sums) - len(shown)} more"] if rest else rows


def _consists(prediction: ArenaPrediction) -> list[str]:
    scratch = sum(buffer.is_scratch for buffer in prediction.plan)
    return [
        "used consists of",
        f"  {prediction.head_bytes:>9,}  head: {len(prediction.plan) - scratch} tensors and {scratch} scratch buffers "
        f"({prediction.scratch_bytes:,} bytes of scratch), planned over each other",
        f"  {prediction.tail_bytes:>9,}  tail: persistent structures, by kind",
        *_rows(prediction.by_kind()),
        "             the same, by who asked for them",
        *_rows(prediction.by_operator()),
    ]


def _decides(peak: Moment) -> list[str]:
    return [
        f"The minimum is decided {_PHASES[peak.phase].format(owner=peak.owner)}: {peak.size_bytes:,} bytes at once",
        *_rows(_sum_parts(peak)),
        f"    {peak.tail_bytes:>9,}  persistent structures by then",
    ]


def _sum_parts(peak: Moment) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in peak.head:
        sums[part.kind] = sums.get(part.kind, 0) + part.size_bytes
    return sums


def _alive(prediction: ArenaPrediction) -> list[str]:
    names = {step.step: f"operator {step.operator} {step.name}" for step in prediction.steps}
    where = names.get(prediction.peak_step, "the model's inputs")
    alive = prediction.alive_at_peak
    total = sum(buffer.size_bytes for buffer in alive)
    gaps = prediction.head_bytes - total
    lines = [f"The head is highest at step {prediction.peak_step}, {where}: {total:,} bytes alive, {gaps:,} unused"]
    return lines + [f"    {b.offset_bytes:>9,} … {b.end_bytes:>9,}  {_called(b)}" for b in alive]


def _called(buffer: PlannedBuffer) -> str:
    name = buffer.name if len(buffer.name) <= _LONGEST_NAME else buffer.name[: _LONGEST_NAME - 1] + "…"
    return f"scratch of {name}" if buffer.is_scratch else f"tensor {buffer.tensor} {name}"


def as_json(prediction: ArenaPrediction, savings: Sequence[Saving], path: str) -> str:
    """Return the prediction as JSON: sizes in bytes; `plan` in the order in which TFLM numbers its buffers."""
    peak = prediction.peak
    fields: dict[str, Any] = {
        "schema_version": 1,
        "model": path,
        "target": prediction.target,
        "runtime": prediction.runtime,
        "kernels": prediction.kernels,
        "used_bytes": prediction.used_bytes,
        "minimum_bytes": prediction.minimum_bytes,
        "exact": prediction.exact,
        "unknown": list(prediction.unknown),
        "notes": list(prediction.notes),
        "head_bytes": prediction.head_bytes,
        "tail_bytes": prediction.tail_bytes,
        "scratch_bytes": prediction.scratch_bytes,
        "persistent_by_kind": prediction.by_kind(),
        "persistent_by_operator": prediction.by_operator(),
        "planning_peak": {
            "phase": peak.phase,
            "owner": str(peak.owner),
            "bytes": peak.size_bytes,
            "tail_bytes": peak.tail_bytes,
            "head": _sum_parts(peak),
        },
        "peak_step": prediction.peak_step,
        "alive_at_peak": _buffers(prediction.alive_at_peak),
        "steps": [vars(step) for step in prediction.steps],
        "plan": _buffers(prediction.plan),
        "savings": [vars(saving) for saving in savings],
    }
    return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def _buffers(buffers: Iterable[PlannedBuffer]) -> list[dict[str, Any]]:
    return [vars(buffer) for buffer in buffers]
