"""The pictures of a study: what each variant loses, what pruning trades, and what bytes are spent on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tinygate.study.answer import loss_text
from tinygate.study.drawing import COLOURS, INK, Chart, drawing, thousands
from tinygate.study.evidence import Evidence, Loss, Rung, VariantEvidence
from tinygate.study.facts import Facts

MARKERS = "osD^v<>PX*hp"


def losses(evidence: Evidence) -> Chart | None:
    """What each variant loses against the reference, with its interval and its margin."""
    shown = [v for v in evidence.variants if v.loss is not None and math.isfinite(v.loss.low)]
    if not shown:
        return None
    unit = "points" if evidence.metric.unit == "%" else evidence.metric.unit
    with drawing("losses", 1.2 + 0.42 * len(shown)) as picture:
        (axes,) = picture.axes()
        for place, variant in enumerate(shown):
            assert variant.loss is not None
            _interval(axes, place, variant.loss)
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(range(len(shown)), [variant.name for variant in shown])
        axes.invert_yaxis()
        axes.set_xlabel(f"{evidence.metric.title} lost against {evidence.reference.name}, {unit} (bar: 95 % interval)")
        axes.grid(axis="x")
    return Chart(
        "losses",
        "What each variant loses",
        f"A dot is the loss on {evidence.metric.windows:,} test windows, its bar the 95 % interval clustered by "
        f"{evidence.metric.clusters:,} recordings, the red tick the margin. Left of the tick as a whole: proven.",
        picture.svg,
        ("variant", f"lost, {unit}, with 95 % interval", "margin", "lost / gained"),
        tuple((v.name, loss_text(v), _limit(v), _counts(v.loss)) for v in shown),
    )


def _interval(axes: Any, place: float, loss: Loss) -> None:
    axes.plot([loss.low, loss.high], [place, place], color=COLOURS[0], linewidth=3, solid_capstyle="butt")
    axes.plot([loss.loss], [place], "o", color=COLOURS[0], markersize=8)
    if loss.limit is not None:
        axes.plot([loss.limit], [place], "|", color=COLOURS[5], markersize=18, markeredgewidth=3)


def _limit(v: VariantEvidence) -> str:
    return _number(v.loss.limit if v.loss else None)


def _counts(loss: Loss | None) -> str:
    return "" if loss is None or loss.lost is None else f"{loss.lost} / {loss.gained}"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"


def pruning(evidence: Evidence, methods: Mapping[str, str]) -> Chart | None:
    """The trade-off of pruning: metric, and bytes as they are and packed, over the share of zeros."""
    kinds = {"post-training int8": (Rung.PTQ, "_int8"), "quantization-aware int8": (Rung.QAT, "_qat_int8")}
    curves = {title: list(_pruned(evidence, methods, *kind)) for title, kind in kinds.items()}
    curves = {title: curve for title, curve in curves.items() if len(curve) > 1}
    if not curves:
        return None
    metric = evidence.metric
    with drawing("pruning", 7.0) as picture:
        above, below = picture.axes(2, 1, sharex=True)
        for number, (title, curve) in enumerate(curves.items()):
            _curve(above, below, curve, title, number)
        above.set_ylabel(f"{metric.title}, {metric.unit}")
        below.set_ylabel("bytes")
        below.set_ylim(bottom=0)
        thousands(below.yaxis)
        below.set_xlabel("zeros among the weights, % (read back from the .tflite)")
        for axes in (above, below):
            axes.grid()
            axes.legend()
    variants = [v for curve in curves.values() for v in curve]
    return Chart(
        "pruning",
        "What pruning trades",
        f"Bars are 95 % intervals of the {metric.title} itself. The file stays as large as it is: "
        "only what packs it gains by zeros.",
        picture.svg,
        ("variant", "zeros, %", metric.title, "95 % interval", ".tflite", "gzip", "zstd", "multiplications"),
        tuple(_pruned_row(v) for v in variants),
    )


def _curve(above: Any, below: Any, curve: Sequence[VariantEvidence], title: str, number: int) -> None:
    """Draw one way of quantizing: its metric above, its bytes below; a little aside, so that bars stay apart."""
    zeros, colour = [100 * v.sparsity["all"] + 0.8 * number for v in curve], COLOURS[number]
    known = [(x, v.metric, v.metric_low, v.metric_high) for x, v in zip(zeros, curve, strict=True)]
    points = [(x, m, m - low, high - m) for x, m, low, high in known if m is not None and low is not None and high]
    if points:
        xs, values, downs, ups = zip(*points, strict=True)
        above.errorbar(xs, values, yerr=(downs, ups), fmt="o-", color=colour, capsize=5, label=title)
    below.plot(zeros, [v.tflite_bytes for v in curve], "s--", color=colour, label=f"{title}: .tflite")
    below.plot(zeros, [v.zstd_bytes for v in curve], "o-", color=colour, label=f"{title}: zstd")


def _pruned(evidence: Evidence, methods: Mapping[str, str], rung: Rung, ending: str) -> Iterator[VariantEvidence]:
    """Yield the first variant of a rung, then those pruned and made likewise, by their zeros."""
    yield from [v for v in evidence.variants if v.rung is rung][:1]
    pruned = [v for v in evidence.variants if methods.get(v.name, "").startswith("pruned")]
    alike = [v for v in pruned if methods[v.name].endswith("_qat_int8") is (ending == "_qat_int8")]
    yield from sorted(alike, key=lambda v: v.sparsity["all"])


def _pruned_row(v: VariantEvidence) -> tuple[str, ...]:
    low, high = (_number(value) for value in (v.metric_low, v.metric_high))
    sizes = (f"{size:,}" for size in (v.tflite_bytes, v.gzip_bytes, v.zstd_bytes, v.multiplications))
    return v.name, f"{100 * v.sparsity['all']:.1f}", _number(v.metric), f"{low} to {high}", *sizes


def purposes(evidence: Evidence) -> Chart:
    """Where the bytes of each file go."""
    names = [name for name in evidence.reference.purposes if any(v.purposes[name][0] for v in evidence.variants)]
    with drawing("purposes", 1.9 + 0.42 * len(evidence.variants)) as picture:
        (axes,) = picture.axes()
        ends = [0] * len(evidence.variants)
        for name, colour in zip(names, COLOURS, strict=False):
            sizes = [v.purposes[name][0] for v in evidence.variants]
            axes.barh(range(len(ends)), sizes, left=ends, color=colour, label=name)
            ends = [end + size for end, size in zip(ends, sizes, strict=True)]
        axes.set_yticks(range(len(ends)), [v.name for v in evidence.variants])
        axes.invert_yaxis()
        axes.set_xlabel("bytes of the .tflite")
        thousands(axes.xaxis)
        picture.figure.legend(loc="outside upper center", ncols=3)
    rows = [
        (v.name, *(f"{v.purposes[name][0]:,}" for name in names), f"{v.tflite_bytes:,}", f"{v.stripped_bytes:,}")
        for v in evidence.variants
    ]
    return Chart(
        "purposes",
        "Where the bytes go",
        "Every byte of a file has one purpose; the parts add up to the file.",
        picture.svg,
        ("variant", *names, "file", "stripped"),
        tuple(rows),
    )


def front(evidence: Evidence, target: str, ships: Sequence[str]) -> Chart | None:
    """Metric against file size; the Pareto front of metric, size, arena and work is filled."""
    shown = [v for v in evidence.variants if v.metric is not None]
    if not shown:
        return None
    facts, metric = Facts(evidence, target), evidence.metric
    with drawing("front", 5.2) as picture:
        (axes,) = picture.axes()
        for place, v in enumerate(shown):
            _point(axes, v, place, is_on=v.name in ships)
        axes.set_xscale("log")
        thousands(axes.xaxis)
        axes.tick_params(axis="x", which="both", labelrotation=35)
        axes.set_xlabel("bytes of the .tflite (logarithmic)")
        axes.set_ylabel(f"{metric.title}, {metric.unit} (bar: 95 % interval)")
        axes.grid()
        picture.figure.legend(loc="outside right upper")
    return Chart(
        "front",
        f"The Pareto front on {target}",
        "Filled: no other variant that runs there is as good in metric, file, arena and work, and better in one. "
        "Points differ by less than their intervals: the decision rests on paired losses, not on this picture.",
        picture.svg,
        ("variant", metric.title, ".tflite", "arena", "work", "on the front"),
        tuple(_front_row(facts, v, v.name in ships) for v in shown),
    )


def _point(axes: Any, v: VariantEvidence, place: int, *, is_on: bool) -> None:
    colour, low, high = COLOURS[place % len(COLOURS)], v.metric_low, v.metric_high
    spread = ([v.metric - low], [high - v.metric]) if v.metric and low is not None and high is not None else None
    look = {"color": colour, "markerfacecolor": colour if is_on else "none", "markersize": 10, "markeredgewidth": 1.8}
    marker = MARKERS[place % len(MARKERS)]
    axes.errorbar(
        [v.tflite_bytes], [v.metric], yerr=spread, fmt=marker, elinewidth=0.7, capsize=4, label=v.name, **look
    )


def _front_row(facts: Facts, v: VariantEvidence, is_on: bool) -> tuple[str, ...]:
    memory, work = v.memory[facts.target], v.work.get(facts.target)
    arena = "does not run" if memory.refusal else f"{memory.arena_minimum_bytes:,}"
    counted = f"{work.count:,} {work.unit}" if work else f"{v.multiplications:,} multiplications"
    return v.name, _number(v.metric), f"{v.tflite_bytes:,}", arena, counted, "yes" if is_on else "no"
