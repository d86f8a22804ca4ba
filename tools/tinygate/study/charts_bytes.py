"""More pictures of a study: compression as a waterfall, weights before and after pruning, the total budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinygate.study.budget import budgets_of
from tinygate.study.drawing import COLOURS, Chart, drawing, thousands
from tinygate.study.evidence import Evidence, Rung, VariantEvidence
from tinygate.study.facts import Facts
from tinygate.study.tree import Answer

CLAIM = (5, 10)
"""What compression is commonly said to reach, as ratios."""


def waterfall(evidence: Evidence, target: str) -> Chart | None:
    """From the float32 file to what is sent to a device, step by step."""
    steps = compression(evidence, target)
    if len(steps) < 2:
        return None
    whole = steps[0][1]
    with drawing("waterfall", 1.4 + 0.5 * len(steps)) as picture:
        (axes,) = picture.axes()
        for place, ((_, before), (_, size)) in enumerate(zip([steps[0], *steps], steps, strict=False)):
            axes.barh(place, size, color=COLOURS[0])
            axes.barh(place, before - size, left=size, color=COLOURS[6], alpha=0.35)
            text = f" {size:,} ({whole / size:.2f} ×)"
            axes.annotate(text, (max(before, size), place), va="center", fontsize=12)
        axes.set_yticks(range(len(steps)), [name for name, _ in steps])
        axes.invert_yaxis()
        axes.set_xlim(0, whole * 1.3)
        axes.set_xlabel("bytes (grey: what the step saves)")
        thousands(axes.xaxis)
    ratio = whole / steps[-1][1]
    low, high = CLAIM
    verdict = "within" if low <= ratio <= high else "above" if ratio > high else "below"
    return Chart(
        "waterfall",
        "Total compression",
        f"From float32 to what is sent to a device: {ratio:.2f} ×, {verdict} the {low} to {high} × that compression "
        "is said to reach. A device stores the stripped size: it runs no packed model.",
        picture.svg,
        ("step", "bytes", "ratio to float32"),
        tuple((name, f"{size:,}", f"{whole / size:.2f}") for name, size in steps),
    )


def compression(evidence: Evidence, target: str) -> list[tuple[str, int]]:
    """Return the sizes on the way: float32, int8, stripped, packed, and the same of the sparsest that may ship."""
    facts, reference = Facts(evidence, target), evidence.reference
    int8 = next(iter(facts.candidates(Rung.PTQ) or facts.of(Rung.PTQ)), None)
    if int8 is None or reference.rung is not Rung.FLOAT:
        return []
    steps = [
        (reference.name, reference.tflite_bytes),
        (int8.name, int8.tflite_bytes),
        ("stripped", int8.stripped_bytes),
        ("packed by zstd", int8.stripped_zstd_bytes),
    ]
    pruned = sparsest(facts)
    return [*steps, (f"{pruned.name}, stripped, packed", pruned.stripped_zstd_bytes)] if pruned else steps


def sparsest(facts: Facts) -> VariantEvidence | None:
    """Return the pruned variant with most zeros that keeps its margin; None if none does."""
    keeping = [v for v in facts.of(Rung.PRUNED) if facts.keeps(v) is Answer.YES]
    return max(keeping, key=lambda v: (v.sparsity["all"], -v.zstd_bytes), default=None)


def weights(histograms: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> Chart | None:
    """How weights are distributed before and after pruning: zeros apart, two lumps are left."""
    shown = [name for name in names if name in histograms][:3]
    if not shown:
        return None
    with drawing("weights", 2.3 * len(shown) + 0.4) as picture:
        for axes, name in zip(picture.axes(len(shown), 1, sharex=True), shown, strict=True):
            found = histograms[name]
            axes.stairs(found["counts"], found["edges"], fill=True, color=COLOURS[0])
            axes.set_ylabel("weights")
            axes.set_title(f"{name}: {found['zeros']:,} zeros beside", loc="left", fontsize=12)
            axes.grid(axis="y")
        axes.set_xlabel("weight, in units of the largest of its layer; zeros are left out")
    rows = [
        (
            name,
            f"{histograms[name]['zeros']:,}",
            f"{sum(histograms[name]['counts']):,}",
            f"{_near(histograms[name]):.1f}",
        )
        for name in shown
    ]
    return Chart(
        "weights",
        "Weights before and after pruning",
        "Pruning takes the weights around zero: what is left stands in two lumps beside it.",
        picture.svg,
        ("variant", "zeros", "other weights", "of these within ± 0.1, %"),
        tuple(rows),
    )


def _near(found: Mapping[str, Any]) -> float:
    """Return the share of weights other than zero in the bins whose middle lies within ± 0.1, in per cent."""
    edges, counts = found["edges"], found["counts"]
    near = sum(n for n, a, b in zip(counts, edges, edges[1:], strict=False) if abs(a + b) / 2 <= 0.1)
    return float(100 * near / max(1, sum(counts)))


def budget(evidence: Evidence, variant: VariantEvidence, targets: Sequence[str]) -> Chart:
    """What a variant takes of each target's flash and RAM, with everything that is not the model."""
    runs = [target for target in targets if not variant.memory[target].refusal]
    found = [budgets_of(evidence, variant, target) for target in runs]
    with drawing("budget", 2.2 + 0.5 * 2 * max(1, len(runs))) as picture:
        parts = dict.fromkeys(part for pair in found for each in pair for part in each.parts)
        colours = dict(zip(parts, COLOURS, strict=False))
        for axes, place in zip(picture.axes(2, 1), (0, 1), strict=True):
            names = [target if target in evidence.code else f"{target} *" for target in runs]
            _stacked(axes, names, [pair[place] for pair in found], colours)
        handles = [picture.figure.axes[0].barh(0, 0, color=colour, label=part) for part, colour in colours.items()]
        picture.figure.legend(handles=handles, loc="outside upper center", ncols=3)
    rows = [
        (target, each.memory, *(f"{each.parts.get(part, 0):,}" for part in parts), f"{each.limit_bytes:,}", each.text)
        for target, pair in zip(runs, found, strict=True)
        for each in pair
    ]
    return Chart(
        "budget",
        f"The total budget of {variant.name}",
        "Everything that must fit, not the model alone; the axis ends at what there is. * No build has been measured "
        "there: TensorFlow Lite Micro's code is not counted.",
        picture.svg,
        ("target", "memory", *parts, "there is", ""),
        tuple(rows),
    )


def _stacked(axes: Any, targets: Sequence[str], budgets: Sequence[Any], colours: Mapping[str, str]) -> None:
    for place, each in enumerate(budgets):
        end = 0
        for part, size in each.parts.items():
            axes.barh(place, size, left=end, color=colours[part])
            end += size
        axes.annotate(f" {end:,} of {each.limit_bytes:,}", (end, place), va="center", fontsize=12)
    axes.set_yticks(range(len(targets)), targets)
    axes.invert_yaxis()
    axes.set_xlabel(f"bytes of {budgets[0].memory}" if budgets else "bytes")
    axes.set_xlim(0, max((each.limit_bytes for each in budgets), default=1))
    thousands(axes.xaxis)
