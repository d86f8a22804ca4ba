"""Comparisons as tables for people and as JSON for programs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from tinygate.compare.graphs import DIVERGENCE_DB, Comparison
from tinygate.compare.measure import HISTOGRAM_LSB, LayerError
from tinygate.compare.runtimes import RuntimeComparison
from tinygate.compare.sensitivity import Cost, LayerCost
from tinygate.paired import PairedComparison

if TYPE_CHECKING:
    from rich.table import Table

_BARS = " ▁▂▃▄▅▆▇█"


def layer_table(comparison: Comparison) -> Table:
    """Return one row per matched layer."""
    title = (
        f"{comparison.candidate} ({comparison.candidate_runtime}) against {comparison.reference} "
        f"({comparison.reference_runtime}), layer by layer, {comparison.samples} samples"
    )
    table = _table(title, "layer", "result", "SQNR dB", "LSB -8 … 8", "± 1 LSB", "mean LSB", "clipped", "note")
    first = comparison.first_divergence
    for layer in comparison.layers:
        table.add_row(
            f"{layer.candidate_operator} {layer.kind}",
            "×".join(map(str, layer.shape[1:])),
            db(layer.sqnr_db),
            sparkline(layer.lsb_histogram),
            _share(layer.within_one_lsb),
            "" if layer.lsb_mean is None else f"{layer.lsb_mean:+.2f}",
            _share(layer.clipped) if layer.lsb_histogram else "",
            "diverges" if layer is first else "",
        )
    return table


def sensitivity_table(costs: Sequence[LayerCost]) -> Table:
    """Return one row per layer quantized alone."""
    title = "Quantizing one layer of the float model alone: SQNR of the logits in dB, flipped predictions"
    table = _table(title, "layer", "weights", "activation", "both", "note")
    alone = [cost for cost in costs if cost.both is not None and cost.kind != "all"]
    worst = min(alone, key=lambda cost: cost.both.logit_sqnr_db if cost.both else 0.0, default=None)
    for cost in costs:
        name = f"{cost.operator} {cost.kind}" if cost.operator >= 0 else cost.kind
        note = cost.note or ("costs most" if cost is worst else "")
        table.add_row(name, _cost(cost.weights), _cost(cost.activation), _cost(cost.both), note)
    return table


def runtime_table(comparison: RuntimeComparison) -> Table:
    """Return one row per operator."""
    one, other = comparison.runtimes
    table = _table(f"{other} against {one}, operator by operator, {comparison.samples} samples",
                   "operator", "differ", "of", "samples", "LSB", "real", "note")  # fmt: skip
    for found in comparison.operators:
        lsb = "" if found.largest_lsb is None else str(found.largest_lsb)
        counts = (str(found.differing), str(found.elements), str(found.samples_differing))
        note = "first to differ" if found is comparison.first_diverging else ""
        table.add_row(f"{found.operator} {found.kind}", *counts, lsb, f"{found.largest_difference:.3g}", note)
    return table


def sentences(comparison: Comparison) -> Iterable[str]:
    """Yield what a comparison says, one line each, the verdict last."""
    paired = comparison.answers.paired
    for name, absent in (
        (comparison.reference, comparison.reference_only),
        (comparison.candidate, comparison.candidate_only),
    ):
        if absent:
            yield f"not matched, only in {name}: {', '.join(absent)}"
    first = comparison.first_divergence
    yield (
        f"first divergence: {_at(first)}, {db(first.sqnr_db)} dB" if first
        else f"first divergence: none, every layer keeps {DIVERGENCE_DB:g} dB"
    ) + f"; steepest loss at {_at(comparison.steepest_loss)}"  # fmt: skip
    strange = comparison.strangeness
    if strange is not None:
        yield (
            f"models of different training: their layers correlate by {strange:.2f}, those of a model and its "
            "quantization by 0.9 and more; what follows compares two models, not what quantizing cost"
        )
    if paired is None:
        yield from _real_answers(comparison)
    else:
        yield from _classes(comparison, paired)


def _real_answers(comparison: Comparison) -> Iterable[str]:
    answers = comparison.answers
    kind = {"regression": "a regression", "anomaly": "an autoencoder or anomaly score"}.get(
        answers.task, "no classifier"
    )
    yield f"outputs of {kind}: no classes are compared; mean absolute difference {answers.output_error:.4g}"
    yield f"{answers.verdict}: outputs keep {db(answers.output_sqnr_db)} dB; expected {DIVERGENCE_DB:g} dB."


def _classes(comparison: Comparison, paired: PairedComparison) -> Iterable[str]:
    answers = comparison.answers
    yield (
        f"logits: SQNR {db(answers.logit_sqnr_db)} dB, {answers.logit_flips} flips; "
        f"outputs: {answers.output_flips} flips, {answers.ties} ties of {comparison.samples}"
    )
    truth = "labels" if answers.labelled else f"no labels: the answers of {comparison.reference} are taken as the truth"
    if answers.labelled:
        truth = f"accuracy {answers.reference_accuracy_percent:.2f} % → {answers.candidate_accuracy_percent:.2f} %"
    yield (
        f"{truth}; {paired.lost} lost, {paired.gained} gained, exact McNemar p = {paired.p_value:.3g}; "
        f"worst class {paired.worst_class}: {paired.worst_class_drop_points:+.2f} points lost"
    )
    needed = _needed(paired) if paired.verdict == "INCONCLUSIVE" else ""
    yield (
        f"{paired.verdict}: accuracy lost {paired.drop_points:+.2f} points, 95 % interval {paired.low_points:+.2f} to "
        f"{paired.high_points:+.2f} over {paired.clusters} clusters; margin {paired.margin_points:g}.{needed}"
    )


def _needed(paired: PairedComparison) -> str:
    if paired.clusters < 2:
        return " More recordings are needed to decide."
    return f" About {paired.windows_needed} samples would decide."


def as_json(result: Any) -> Any:
    """Return dataclasses as JSON-able values; numbers that JSON has not become null."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return {field.name: as_json(getattr(result, field.name)) for field in dataclasses.fields(result)}
    if isinstance(result, dict):
        return {str(key): as_json(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [as_json(value) for value in result]
    if isinstance(result, float) and not math.isfinite(result):
        return None
    return result


def sparkline(shares: Sequence[float]) -> str:
    """Return a histogram as one character per bin, on a logarithmic scale that shows a share of 1e-4."""

    def bar(share: float) -> str:
        level = 0.0 if share <= 0 else 1 + max(0.0, 4 + math.log10(share)) * (len(_BARS) - 2) / 4
        return _BARS[round(level)]

    return f"{''.join(map(bar, shares))}" if len(shares) == 2 * HISTOGRAM_LSB + 1 else ""


def db(value: float) -> str:
    """Return decibels for people: "37.5", "equal"."""
    return "equal" if value == math.inf else f"{value:.1f}"


def _at(layer: LayerError) -> str:
    return f"operator {layer.candidate_operator} {layer.kind}"


def _cost(cost: Cost | None) -> str:
    return "" if cost is None else f"{db(cost.logit_sqnr_db)}, {cost.flips}"


def _share(share: float | None) -> str:
    if share is None:
        return ""
    return "0" if share == 0 else f"{100 * share:.2f} %"


def _table(title: str, *columns: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for number, column in enumerate(columns):
        right = number and column not in ("LSB -8 … 8", "note", "result")
        table.add_column(column, justify="right" if right else "left", no_wrap=column != "note")
    return table
