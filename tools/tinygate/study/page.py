"""The page of a study: one HTML file that needs nothing beside it, with every number from the study's JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygate.study import charts, charts_bytes, sentences
from tinygate.study.answer import loss_text
from tinygate.study.budget import code_text
from tinygate.study.drawing import Chart
from tinygate.study.evidence import Evidence, Loss, VariantEvidence
from tinygate.study.facts import Facts
from tinygate.study.recommend import Recommendation, recommend
from tinygate.study.run import evidence_of
from tinygate.study.tree import LEAVES, QUESTIONS, ROOT

TEMPLATE = Path(__file__).with_name("page.html.jinja")


def render(found: Mapping[str, Any], target: str) -> str:
    """Return the page of what a study found, with the answer for a target."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(TEMPLATE.parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    evidence = evidence_of(found)
    answer = recommend(evidence, target)
    return environment.get_template(TEMPLATE.name).render(
        found=found,
        evidence=evidence,
        answer=answer,
        answers=[(each, recommend(evidence, each)) for each in found["recommendations"]],
        questions=QUESTIONS,
        tree=branches(answer),
        pictures=pictures(found, evidence, answer),
        variants=tuple(_rows(found, evidence, target)),
        sparsity=_sparsity(evidence),
        runs=tuple(_runs(evidence)),
        sentences=sentences.all_of(evidence, target),
        code=code_text(evidence, target),
        folds=tuple(_folds(found)),
        operators=_operators(_chosen(evidence, answer)),
    )


def pictures(found: Mapping[str, Any], evidence: Evidence, answer: Recommendation) -> list[Chart]:
    """Return every picture that the evidence has enough for."""
    methods = found["methods"]
    chosen = _chosen(evidence, answer)
    pruned = [v.name for v in evidence.variants if methods[v.name].startswith("pruned")]
    plain = [name for name, method in methods.items() if method == "ptq_int8"]
    shown = [*plain, *[name for name in pruned if not methods[name].endswith("_qat_int8")][1:]]
    drawn = [
        charts.losses(evidence),
        charts_bytes.waterfall(evidence, answer.target),
        charts.purposes(evidence),
        charts.pruning(evidence, methods),
        charts_bytes.weights(found["histograms"], shown if pruned else ()),
        charts.front(evidence, answer.target, answer.front),
        charts_bytes.budget(evidence, chosen, tuple(found["recommendations"])),
    ]
    return [chart for chart in drawn if chart is not None]


@dataclass(frozen=True)
class Branch:
    """A question or an end of the tree, as the page shows it; `by` is the answer that leads here."""

    by: str
    text: str
    is_taken: bool
    is_end: bool
    branches: tuple[Branch, ...] = ()


def branches(answer: Recommendation) -> Branch:
    """Return the decision tree, the way that was taken marked; a question met again is not unfolded again."""
    taken = {(name, str(said)) for name, said in answer.path}
    seen: set[str] = set()

    def branch(name: str, by: str, is_taken: bool) -> Branch:
        if name in LEAVES:
            return Branch(by, LEAVES[name].action, is_taken, is_end=True)
        question = QUESTIONS[name]
        if name in seen:
            return Branch(by, f"{question.text} (as above)", is_taken, is_end=False)
        seen.add(name)
        below = [
            branch(end, str(said), is_taken and (name, str(said)) in taken)
            for said, end in sorted(question.next.items(), key=lambda item: (name, str(item[0])) not in taken)
        ]
        return Branch(by, question.text, is_taken, is_end=False, branches=tuple(below))

    return branch(ROOT, "", True)


def _rows(found: Mapping[str, Any], evidence: Evidence, target: str) -> Iterator[tuple[str, ...]]:
    facts = Facts(evidence, target)
    for v in evidence.variants:
        memory, work, timed = v.memory[target], v.work.get(target), found["speed"].get(v.name) or {}
        yield (
            v.name,
            _with_interval(v),
            loss_text(v) or "the reference",
            *(f"{size:,}" for size in (v.tflite_bytes, v.stripped_bytes, v.gzip_bytes, v.zstd_bytes)),
            "does not run" if memory.refusal else f"{memory.arena_minimum_bytes:,}",
            f"{work.count:,}" if work else "not counted",
            f"{timed['median_us']:,.0f}" if timed else "not measured",
            str(facts.keeps(v)),
        )


def _with_interval(v: VariantEvidence) -> str:
    if v.metric is None or v.metric_low is None or v.metric_high is None:
        return "unknown"
    return f"{v.metric:.4g} ({v.metric_low:.4g} to {v.metric_high:.4g})"


def _sparsity(evidence: Evidence) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    layers = list(dict.fromkeys(layer for v in evidence.variants for layer in v.sparsity if layer != "all"))
    rows = [
        (v.name, *(f"{100 * v.sparsity[layer]:.1f}" if layer in v.sparsity else "" for layer in [*layers, "all"]))
        for v in evidence.variants
    ]
    return ("variant", *layers, "all"), tuple(rows)


def _chosen(evidence: Evidence, answer: Recommendation) -> VariantEvidence:
    """Return the variant that ships, else the reference."""
    return next((v for v in evidence.variants if v.name == answer.variant), evidence.reference)


def _operators(chosen: VariantEvidence) -> tuple[tuple[str, ...], ...]:
    """Return operator, multiplications and their share."""
    total = max(1, chosen.multiplications)
    return tuple((each, f"{count:,}", f"{count / total:.1%}") for each, count in chosen.operators.items())


def _runs(evidence: Evidence) -> Iterator[tuple[str, ...]]:
    for v in evidence.variants:
        yield v.name, *(_run_text(v, target) for target in evidence.reference.memory)


def _run_text(v: VariantEvidence, target: str) -> str:
    memory = v.memory[target]
    if memory.refusal:
        return f"no: {memory.refusal}"
    return f"{memory.arena_used_bytes:,} / {'' if memory.is_exact else 'at least '}{memory.arena_minimum_bytes:,}"


def _folds(found: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for each in found["folds"]:
        losses = [Loss(**each[key]) for key in ("by_recording", "by_person")]
        wider = max(losses, key=lambda loss: loss.high - loss.low)
        texts = map(str, losses)
        counts = "" if wider.lost is None else f"{wider.lost} / {wider.gained}"
        limit = "none" if wider.limit is None else f"{wider.limit:g}"
        yield each["name"], f"{each['windows']:,}", *texts, counts, limit, _verdict(wider), _metrics(each["metrics"])


def _verdict(loss: Loss) -> str:
    if loss.limit is None:
        return "no limit"
    if loss.is_within is not None:
        return "within the margin" if loss.is_within else "beyond the margin"
    return (
        f"INCONCLUSIVE; about {loss.windows_needed:,} windows would decide" if loss.windows_needed else "INCONCLUSIVE"
    )


def _metrics(values: Sequence[float]) -> str:
    return ", ".join("none" if math.isnan(value) else f"{value:.4g}" for value in values)
