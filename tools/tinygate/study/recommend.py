"""One answer: which variant ships, what binds it, what is next best, and what would change the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tinygate.study.evidence import Evidence, Loss, Rung, VariantEvidence
from tinygate.study.facts import Facts
from tinygate.study.pareto import pareto_front
from tinygate.study.tree import LEAVES, QUESTIONS, ROOT, UNDECIDED_RUNG, Answer

LADDER = (Rung.PTQ, Rung.QAT, Rung.FLOAT, Rung.WIDE, Rung.PRUNED)
"""What is next best when several may ship: the cheapest to make and to run first."""


@dataclass(frozen=True)
class Constraint:
    """One thing that a variant must keep to.

    Attributes:
        name: "flash", "RAM", "metric", "time", "download".
        value, limit: in `unit`.
        share: how much of the limit is used, 1 for all of it.
    """

    name: str
    value: float
    limit: float
    unit: str

    @property
    def share(self) -> float:
        """How much of the limit is used; less than nothing is nothing."""
        return max(self.value, 0.0) / self.limit

    @property
    def text(self) -> str:
        """The constraint in words."""
        shown = "{:,.0f}" if self.unit in ("bytes", "µs") else "{:.4g}"
        return f"{self.name}: {shown.format(self.value)} of {shown.format(self.limit)} {self.unit}"


@dataclass(frozen=True)
class Recommendation:
    """The answer.

    Attributes:
        leaf: the end of the tree that was reached; action: what to do.
        variant: what ships; "" when nothing does yet.
        path: every question by name, with its answer.
        constraints: of the variant that ships, the one that binds first.
        next_best: another variant that might ship; "" if there is none.
        changes: what would change the answer, one sentence each.
        windows_needed: with how many test windows the evidence would decide; None when it does, or none is known.
        front: the Pareto front of metric, flash, arena and work on the target.
    """

    target: str
    leaf: str
    action: str
    variant: str
    path: tuple[tuple[str, Answer], ...]
    constraints: tuple[Constraint, ...]
    next_best: str
    changes: tuple[str, ...]
    windows_needed: int | None
    front: tuple[str, ...]


def recommend(evidence: Evidence, target: str) -> Recommendation:
    """Return which variant ships on a target."""
    facts = Facts(evidence, target)
    leaf, path = walk(facts)
    chosen = _chosen(facts, leaf)
    constraints = tuple(sorted(constraints_of(facts, chosen), key=lambda each: -each.share)) if chosen else ()
    return Recommendation(
        target=target,
        leaf=leaf,
        action=LEAVES[leaf].action,
        variant=chosen.name if chosen else "",
        path=path,
        constraints=constraints,
        next_best=_next_best(facts, chosen),
        changes=tuple(_changes(evidence, target, chosen, constraints)),
        windows_needed=_windows(facts, leaf),
        front=front_of(facts),
    )


def walk(facts: Facts) -> tuple[str, tuple[tuple[str, Answer], ...]]:
    """Return the leaf that the evidence leads to, and the way there."""
    name, path = ROOT, []
    while name in QUESTIONS:
        question = QUESTIONS[name]
        answer = facts.answer(question.fact, question.rung)
        path.append((name, answer))
        name = question.next[answer]
    return name, tuple(path)


def _chosen(facts: Facts, leaf: str) -> VariantEvidence | None:
    rung = LEAVES[leaf].ships
    if rung is None:
        return None
    return facts.candidates(rung)[0] if rung is not Rung.FLOAT else facts.of(Rung.FLOAT)[0]


def constraints_of(facts: Facts, variant: VariantEvidence) -> Iterator[Constraint]:
    """Yield what a variant must keep to on the target, with what it uses of it."""
    evidence, product = facts.evidence, facts.evidence.product
    yield Constraint("flash", evidence.flash_bytes(variant, facts.target), product.flash_bytes, "bytes")
    yield Constraint("RAM", evidence.ram_bytes(variant, facts.target), product.ram_bytes, "bytes")
    if variant.loss is not None and variant.loss.limit is not None:
        unit = "points" if evidence.metric.unit == "%" else evidence.metric.unit
        name = f"{evidence.metric.title} lost, upper end of the interval"
        yield Constraint(name, variant.loss.high, variant.loss.limit, unit)
    if product.latency_us is not None and facts.target in variant.latency_us:
        yield Constraint("time", variant.latency_us[facts.target], product.latency_us, "µs")
    if product.download_bytes is not None:
        yield Constraint("download", variant.zstd_bytes, product.download_bytes, "bytes")


def _next_best(facts: Facts, chosen: VariantEvidence | None) -> str:
    others = [variant for rung in LADDER for variant in facts.candidates(rung) if variant is not chosen]
    ours = [variant for variant in others if chosen is not None and variant.rung is chosen.rung]
    return next((variant.name for variant in [*ours, *others]), "")


def _windows(facts: Facts, leaf: str) -> int | None:
    if leaf not in UNDECIDED_RUNG:
        return None
    losses = [variant.loss for variant in facts.of(UNDECIDED_RUNG[leaf]) if variant.loss is not None]
    return min((loss.windows_needed for loss in losses if loss.windows_needed), default=None)


def front_of(facts: Facts) -> tuple[str, ...]:
    """Return the Pareto front of metric, flash, arena and work among the variants that run on the target."""
    sign = 1 if facts.evidence.metric.at_most else -1
    running = [variant for variant in facts.evidence.variants if not variant.memory[facts.target].refusal]
    return pareto_front({v.name: (sign * (v.metric or 0.0), *facts.costs(v)) for v in running})


def _changes(
    evidence: Evidence, target: str, chosen: VariantEvidence | None, constraints: tuple[Constraint, ...]
) -> Iterator[str]:
    """Yield, for each constraint, where the answer would turn, by asking again with a limit just below what is used."""
    if chosen is None:
        return
    for constraint in constraints:
        tighter = _tightened(evidence, chosen, constraint)
        if tighter is None:
            continue
        leaf, _ = walk(Facts(tighter, target))
        then = _chosen(Facts(tighter, target), leaf)
        if then is None or then.name != chosen.name:
            shown = "{:,.0f}" if constraint.unit in ("bytes", "µs") else "{:.4g}"
            limit = f"{shown.format(constraint.value)} {constraint.unit}"
            answer = f"{then.name} would ship" if then else LEAVES[leaf].action
            yield f"Were less than {limit} allowed for {constraint.name}: {answer.rstrip('.')}."


def _tightened(evidence: Evidence, chosen: VariantEvidence, constraint: Constraint) -> Evidence | None:
    """Return the evidence with a limit that the chosen variant just does not keep; None if there is no such limit."""
    key = {"flash": "flash_bytes", "RAM": "ram_bytes", "time": "latency_us", "download": "download_bytes"}
    if constraint.name in key:
        below = constraint.value * (1 - 1e-9) if constraint.name == "time" else int(constraint.value) - 1
        return replace(evidence, product=evidence.product.model_copy(update={key[constraint.name]: below}))
    if constraint.value <= 0:
        return None
    variants = tuple(
        replace(v, loss=_limited(v.loss, constraint.value)) if v.loss is not None else v for v in evidence.variants
    )
    return replace(evidence, variants=variants)


def _limited(loss: Loss, limit: float) -> Loss:
    return replace(loss, limit=min(limit, loss.limit if loss.limit is not None else limit))
