"""A variant against its baseline: findings that say what is worse, by how much, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from tinygate.board.evidence import Run
from tinygate.judge.difference import column, operator_names, profile_sentence
from tinygate.judge.regression import (
    OPERATOR_EFFECT_PERCENT,
    Comparison,
    boots_needed,
    compare,
    is_confirmed,
    is_suspicious,
)
from tinygate.model.baseline import LEAST_BOOTS, Entry, boot_latency_us
from tinygate.model.folder import Variant
from tinygate.protocol import Bench, Hello
from tinygate.store.setup import Setup, conditions_that_differ, setup_of, who_changed
from tinygate.verdict import Finding, Verdict

CHECK = "baseline"
LATENCY = "latency_median_us"


@dataclass(frozen=True)
class Timing:
    """What boots measured of time.

    Attributes:
        latency_us: of each boot, the median over its invocations.
        ticks: of each boot, the ticks of each operator.
        operators: in the order in which they run.
    """

    latency_us: tuple[float, ...]
    ticks: tuple[tuple[float, ...], ...]
    operators: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A variant's boots, and what they are held against.

    Attributes:
        entry: the baseline's.
        first: the boots that the run measured.
        fresh: those that were measured to confirm a suspicion; None if there was none.
        timed: how many figures of time the whole run judges.
        setup: under what this run measured.
    """

    entry: Entry
    first: Timing
    fresh: Timing | None
    timed: int
    setup: Setup


def timing_of(boots: Sequence[Run]) -> Timing:
    """Return what boots say of time; nothing where the board cannot know it."""
    latency = tuple(_latency_us(run.bench, run.hello) for run in boots if run.bench and run.bench.latency_us)
    profiles = [run.profile for run in boots if run.profile and run.profile.ticks]
    operators = tuple(profiles[0].operators) if profiles else ()
    return Timing(latency, tuple(tuple(map(float, profile.ticks)) for profile in profiles), operators)


def setup_of_run(run: Run, made_from: Mapping[str, object]) -> Setup:
    """Return under what a boot measured; see `tinygate.store.setup.setup_of`."""
    return setup_of(asdict(run.hello), run.profile.operators if run.profile else (), made_from)


def looks_slower(entry: Entry, boots: Sequence[Run], least_percent: float) -> bool:
    """Whether a variant's first boots ask for fresh ones that decide."""
    timing = timing_of(boots)
    latency = entry.latency_us and timing.latency_us
    if latency and is_suspicious(compare(entry.latency_us, timing.latency_us, least_percent)):
        return True
    return any(is_suspicious(found) for found in _operators(entry, timing))


def refusal(variant: Variant, place: str, entry: Entry | None, setup: Setup | None) -> Finding | None:
    """Return why a variant cannot be held against a baseline, INCONCLUSIVE; None if it can, or nobody demanded it."""
    demanded = place in variant.model.config.baseline.required_at
    if entry is None and not demanded:
        return None
    if entry is None:
        reason = f"{variant.model.config_path} demands a baseline at {place}, and none is set; {_remedy(variant)}."
        return _finding(variant, place, "baseline", None, "a baseline", Verdict.INCONCLUSIVE, reason)
    differing = conditions_that_differ(entry.setup, setup) if setup is not None else ()
    if not differing:
        return None
    reason = f"The baseline holds for another configuration: {'; '.join(differing)}. {_remedy(variant)}."
    return _finding(variant, place, "baseline", "another", "its configuration", Verdict.INCONCLUSIVE, reason)


def judge_sizes(
    variant: Variant, place: str, entry: Entry, values: Mapping[str, float | int | None], parts: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a finding for each size that the baseline holds: FAIL if it has grown by a single byte."""
    for name, before in entry.figures.items():
        now, limit = values.get(name), f"≤ {before}"
        if now is None:
            reason = f"The baseline holds it, and it was not measured in this run; {_remedy(variant)}."
            yield _finding(variant, place, name, None, limit, Verdict.INCONCLUSIVE, reason)
        elif now > before:
            reason = f"{now - before:+,} bytes. {blame(entry.parts, parts)}"
            yield _finding(variant, place, name, now, limit, Verdict.FAIL, reason)
        else:
            reason = f"{now - before:+,} bytes: set the baseline anew to hold it." if now < before else ""
            yield _finding(variant, place, name, now, limit, Verdict.PASS, reason)


def judge_latency(variant: Variant, place: str, judged: Judged) -> Finding:
    """Judge the median latency: FAIL if the first boots look slower and fresh ones prove it."""
    least, entry = variant.model.config.baseline.least_slowdown_percent, judged.entry
    before, first = entry.latency_us, judged.first.latency_us
    if why := _too_few(judged, len(first)):
        return _finding(variant, place, LATENCY, None, "a baseline's", Verdict.INCONCLUSIVE, why)
    limit = f"≤ {least:g} % above {np.median(before):,.6g} µs ({len(before)} boots)"
    fresh = judged.fresh.latency_us if judged.fresh else None
    verdict, comparison, how = _decided(before, first, fresh, least, judged.timed)
    why = f"{comparison.percent:+.2f} %, {how}"
    if verdict is Verdict.FAIL:
        why += f" {blame(entry.parts, judged.setup.parts)}"
    return _finding(variant, place, LATENCY, round(comparison.now, 3), limit, verdict, why)


def judge_operators(variant: Variant, place: str, judged: Judged) -> Iterator[Finding]:
    """Yield a finding for each operator that is slower, and one for all others."""
    entry, limit = judged.entry, f"≤ {OPERATOR_EFFECT_PERCENT:g} % above the baseline's ticks"
    why = _too_few(judged, len(judged.first.ticks))
    if not why and judged.first.operators != entry.operators:
        why = f"The baseline's operators are not those of this model: {_remedy(variant)}."
    if why:
        yield _finding(variant, place, "operators", None, limit, Verdict.INCONCLUSIVE, why)
        return
    names, count = operator_names(entry.operators), 0
    for number, name in enumerate(names):
        before, first = column(entry.ticks, number), column(judged.first.ticks, number)
        fresh = column(judged.fresh.ticks, number) if judged.fresh else None
        verdict, found, how = _decided(before, first, fresh, OPERATOR_EFFECT_PERCENT, judged.timed)
        if verdict is Verdict.PASS:
            count += 1
            continue
        factor = f" × {found.now / found.before:.2f}," if found.before else ""
        ticks = f"{found.before:,.0f} → {found.now:,.0f} ticks,{factor}"
        reason = f"{ticks} {how} {blame(entry.parts, judged.setup.parts)}"
        yield _finding(variant, place, f"ticks of {name}", round(found.now), limit, verdict, reason)
    medians = [float(np.median(column(judged.first.ticks, number))) for number in range(len(names))]
    how = f"Of {len(names)} operators. {profile_sentence(entry.operators, medians, entry)}"
    yield _finding(variant, place, "operators", count, limit, Verdict.PASS, how)


def blame(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Say what has changed since the baseline, components first."""
    changed = sorted(who_changed(before, now), key=lambda part: not part.startswith("component"))
    if not changed:
        return "Nothing that is known has changed since the baseline: look at the board and its surroundings."
    return f"Changed since the baseline: {'; '.join(changed)}."


def _operators(entry: Entry, timing: Timing) -> list[Comparison]:
    if not entry.ticks or entry.operators != timing.operators:
        return []
    pairs = ((column(entry.ticks, n), column(timing.ticks, n)) for n in range(len(entry.operators)))
    return [compare(before, now, OPERATOR_EFFECT_PERCENT) for before, now in pairs]


def _decided(
    before: Sequence[float], first: Sequence[float], fresh: Sequence[float] | None, least: float, timed: int
) -> tuple[Verdict, Comparison, str]:
    """Return a verdict, what it rests on, and how it came to be."""
    looked = compare(before, first, least)
    if not is_suspicious(looked):
        return Verdict.PASS, looked, f"not slower over {len(first)} boots."
    if fresh is None:
        return Verdict.INCONCLUSIVE, looked, f"p = {looked.p:.2g}, and no fresh boots were measured to confirm it."
    proven = compare(before, fresh, least)
    if is_confirmed(proven, timed):
        return Verdict.FAIL, proven, f"p = {proven.p:.2g} over {len(fresh)} fresh boots, one of {timed} figures."
    return Verdict.PASS, proven, f"the first {len(first)} boots looked slower, {len(fresh)} fresh ones do not prove it."


def _too_few(judged: Judged, boots: int) -> str:
    before = len(judged.entry.latency_us)
    if before < LEAST_BOOTS:
        return f"The baseline holds {before} boots, {LEAST_BOOTS} are needed: set it from `tinygate gate --boots 20`."
    wanted = boots_needed(before, judged.timed)
    few = f"{boots} boots against {before} cannot decide among {judged.timed} figures of time"
    return "" if boots >= wanted else f"{few}: {wanted} are needed; leave --boots out, or name as many."


def _latency_us(bench: Bench, hello: Hello) -> float:
    return boot_latency_us(bench.cycles, bench.latency_us, hello.cpu_mhz)


def _remedy(variant: Variant) -> str:
    model = variant.model.name
    return f"look at `tinygate baseline diff --model {model}`, then `tinygate baseline set --model {model}`"


def _finding(
    variant: Variant, place: str, figure: str, value: float | int | str | None, limit: str, verdict: Verdict, why: str
) -> Finding:
    name = f"{figure} against the baseline"
    file = str(variant.model.baseline_path)
    return Finding(variant.model.name, variant.name, place, CHECK, name, value, limit, verdict, file, why)


def timed_figures(variants: Sequence[Variant], place: str) -> int:
    """Return how many figures of time are judged at a place over these variants."""
    entries = (variant.model.baseline.entry(variant.name, place) for variant in variants)
    return sum(entry.timed for entry in entries if entry is not None)
