"""A recommendation as text and as JSON; the decision tree as text, the way that was taken marked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tinygate.study.evidence import Evidence, VariantEvidence
from tinygate.study.facts import Facts
from tinygate.study.recommend import Recommendation
from tinygate.study.tree import LEAVES, QUESTIONS


def as_text(evidence: Evidence, found: Recommendation) -> str:
    """Return what a person reads."""
    answer = f"{found.variant}. {found.action}" if found.variant else found.action
    lines = [f"{evidence.model} on {found.target}: {answer}", ""]
    lines += [f"  {QUESTIONS[name].text:<66} {said}" for name, said in found.path]
    if found.constraints:
        first, *rest = found.constraints
        lines += ["", f"  binds first  {first.text} ({first.share:.0%})"]
        lines += [f"               {each.text} ({each.share:.0%})" for each in rest]
    if found.windows_needed:
        lines += [
            "",
            f"  About {found.windows_needed:,} test windows would decide; there are {evidence.metric.windows:,}.",
        ]
    lines += ["", f"  next best    {found.next_best or 'none: no other variant keeps to everything'}"]
    lines += [f"  would change {change}" for change in found.changes]
    lines += [
        f"  on the front {', '.join(found.front)} (metric, flash, arena, work)",
        "",
        *_table(evidence, found.target),
    ]
    if unknown := evidence.metric.unknown:
        lines += ["", f"  {unknown}"]
    return "\n".join(lines) + "\n"


def _table(evidence: Evidence, target: str) -> Iterator[str]:
    metric = evidence.metric
    yield f"  {'variant':<22}{metric.title:>10}{'lost, 95 % interval':>32}{'.tflite':>10}{'arena':>9}  runs and fits"
    facts = Facts(evidence, target)
    for variant in evidence.variants:
        value = "unknown" if variant.metric is None else f"{variant.metric:.4g}"
        memory = variant.memory[target]
        arena = "" if memory.refusal else f"{memory.arena_minimum_bytes:,}"
        runs = memory.refusal.partition(":")[0] or str(facts.fits(variant))
        row = f"  {variant.name:<22}{value:>10}{loss_text(variant):>32}{variant.tflite_bytes:>10,}{arena:>9}  {runs}"
        yield row.rstrip()


def loss_text(variant: VariantEvidence) -> str:
    """Return what a variant loses, with its interval: "+0.13 (-0.67 to +0.93)"."""
    return str(variant.loss or "")


def as_json(evidence: Evidence, found: Recommendation) -> dict[str, Any]:
    """Return the recommendation as a JSON object, with the evidence that it rests on."""
    return {
        "model": evidence.model,
        **asdict(found),
        "variants": {variant.name: variant.as_json() for variant in evidence.variants},
    }


def tree_text() -> str:
    """Return the whole tree: each question with where its answers lead."""
    lines = []
    for name, question in QUESTIONS.items():
        lines.append(f"{name}: {question.text}")
        lines += [
            f"  {answer:<10} → {LEAVES[end].action if end in LEAVES else end}" for answer, end in question.next.items()
        ]
    return "\n".join(lines) + "\n"


def dumps(found: Any) -> str:
    """Return JSON; infinite ends of intervals become null, which other readers of JSON know."""
    return json.dumps(_finite(found), indent=1) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and abs(value) == float("inf") else value
