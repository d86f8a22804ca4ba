"""How good a variant is: its metric and its agreement with the reference variant, on the host and on a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Judged
from tinygate.judge.budget import judge_budget
from tinygate.judge.oracle import run_oracle
from tinygate.judge.sample import interval_percent
from tinygate.model.evaluation import judged
from tinygate.model.folder import Variant
from tinygate.model.scoring import AGREEMENT, agreement_of, scorer
from tinygate.places import HOST
from tinygate.verdict import Finding, Verdict

DIGITS = 9
MOST_CLASSES = 24
"""Of a confusion matrix that people can read."""
_SHARES = ("accuracy_percent", "top2_accuracy_percent", "top3_accuracy_percent", "top5_accuracy_percent")

Outputs = Sequence[NDArray[Any]]


def judge_metric(variant: Variant, place: str = HOST, outputs: Outputs | None = None) -> Finding:
    """Judge a variant's metric against its budget.

    Args:
        variant: what is judged.
        place: where the outputs come from, see `tinygate.places`.
        outputs: a board's raw outputs, [N, ...] each; None for the oracle's.

    Returns:
        As `judge_budget`; where there are no labels a figure without value, whose note says what is judged instead.
    """
    judging, answers = scorer(variant.model, variant.model.dataset), _answers(variant, outputs)
    if judging.unknown:
        told = judging.unknown if place == HOST else ""  # once is enough
        return judge_budget(variant, place, judging.figure.name, None, told)
    value = _shown(judging.value(answers))
    windows = len(answers) if judging.figure.name in _SHARES else None
    detail: dict[str, Any] = {"interval": interval_percent(value, windows)} if windows else {}
    if variant.model.config.task == "classification":
        detail |= confusion(answers, variant.model.dataset.class_names)
    finding = judge_budget(variant, place, judging.figure.name, value, _note(variant, answers, outputs), windows)
    return replace(finding, detail=detail)


def confusion(answers: Judged, class_names: Sequence[str]) -> dict[str, Any]:
    """Return how often each class was taken for each, as `Finding.detail` has it; nothing for a multitude of classes.

    Args:
        answers: windows with integer labels.
        class_names: in label order; () where nobody named them.
    """
    labels, chosen = answers.labels, answers.classes
    count = max(len(class_names), 1 + int(max(labels.max(initial=0), chosen.max(initial=0))))
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or count > MOST_CLASSES:
        return {}
    counts = np.zeros((count, count), np.int64)
    np.add.at(counts, (labels, chosen), 1)
    names = [*class_names, *map(str, range(len(class_names), count))]
    return {"confusion": {"classes": names, "counts": counts.tolist()}}


def judge_agreement(variant: Variant, place: str = HOST, outputs: Outputs | None = None) -> Finding | None:
    """Judge how much of the reference variant's answers a variant gives too; None for the reference itself.

    Arguments and result as for `judge_metric`. The reference's answers are the oracle's.
    """
    model = variant.model
    if variant.name == model.config.reference_variant:
        return None
    reference = run_oracle(model.variant(model.config.reference_variant)).judged.outputs
    value = _shown(agreement_of(model, _answers(variant, outputs), reference))
    what = (
        "windows of the same class as" if model.config.task == "classification" else "variance kept of the outputs of"
    )
    note = f"Per cent of {what} {model.config.reference_variant}."
    return judge_budget(variant, place, AGREEMENT.name, value, note)


def judge_pinned_metric(variant: Variant) -> Finding:
    """Judge whether the oracle measures today what the manifest recorded: other data or another runtime show here."""
    judging = scorer(variant.model, variant.model.dataset)
    pinned = variant.model.manifest.variants[variant.name]
    value = None if judging.unknown else judging.value(run_oracle(variant).judged)
    same = pinned.metric == judging.figure.name and _alike(value, pinned.value)
    manifest = variant.model.folder / "artifacts" / "manifest.json"
    advice = "As pinned." if same else f"Data, metric or runtime changed; if that is meant, pin anew ({manifest})."
    shown = None if value is None else _shown(value)
    return Finding(
        variant.model.name, variant.name, HOST, "pinned metric", f"pinned {judging.figure.name}", shown,
        f"= {pinned.metric} {pinned.value}", Verdict.PASS if same else Verdict.FAIL, str(variant.path), advice,
    )  # fmt: skip


def _answers(variant: Variant, outputs: Outputs | None) -> Judged:
    run = run_oracle(variant)
    return run.judged if outputs is None else judged(run.tflite, variant.model.dataset.test, outputs)


def _note(variant: Variant, answers: Judged, outputs: Outputs | None) -> str:
    reference = run_oracle(variant).reference
    where = f"Oracle: {reference.oracle} {reference.version}, " if outputs is None else ""
    return f"{where}{len(answers)} windows{'.' if outputs is None else ', on the board.'}"


def _shown(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _alike(value: float | None, pinned: float | None) -> bool:
    if value is None or pinned is None:
        return value is pinned
    return abs(value - pinned) <= 1e-9 * max(1.0, abs(pinned))
