"""Measures variants: bytes, memory, metric with interval, loss against the reference; kept by what they depend on."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinygate.arena import predict
from tinygate.arena.targets import TARGETS
from tinygate.audit import audit
from tinygate.audit.finding import Severity
from tinygate.audit.rules import rule_of
from tinygate.data import Dataset, Judged
from tinygate.errors import ModelFileError
from tinygate.judge.margin import loss_of, paired_answers
from tinygate.model.evaluation import evaluate
from tinygate.model.folder import Model
from tinygate.model.pinning import check_answers, located
from tinygate.model.scoring import Scorer, agreement_of, scorer
from tinygate.packing.breakdown import breakdown
from tinygate.packing.packed import gzip_bytes, zstd_bytes
from tinygate.packing.sparsity import sparsity
from tinygate.packing.strip import strip
from tinygate.resampling import paired_loss
from tinygate.study import losses
from tinygate.study.evidence import Code, Evidence, Loss, Memory, Metric, VariantEvidence
from tinygate.study.rungs import rung_of
from tinygate.study.work import work_of
from tinygate.tflite import TfliteModel, read_model
from tinygate.tflm.known import ESP_TARGETS
from tinygate.tflm.work import multiplications, multiplications_of

BOARD_TARGETS = tuple(name for name in TARGETS if name not in ("reference32", "wheel64"))
DEFAULT_DROP_POINTS = 2.0


def gather(model: Model, contents: Mapping[str, bytes], methods: Mapping[str, str], dataset: Dataset) -> Evidence:
    """Return the evidence of these variants of a model, the reference first.

    Args:
        model: whose data, metric, margins and product hold.
        contents: .tflite files by variant name; the first is the reference.
        methods: how each was made, by name; see `rung_of`.
        dataset: proven data of the model.

    Raises:
        ModelFileError: a .tflite is malformed, or no oracle runs it.
        DataError: the data are not what a variant takes and answers.
    """
    judging = scorer(model, dataset)
    answers = {name: _answers(model, name, content, dataset) for name, content in contents.items()}
    reference = next(iter(answers.values()))
    variants = tuple(
        _variant(model, name, content, methods[name], judging, (reference, answers[name]))
        for name, content in contents.items()
    )
    return Evidence(model.name, _metric(judging, reference), model.config.product, variants, load_code())


def load_code() -> dict[str, Code]:
    """Return what the runtime's code takes, by target."""
    tables = tomllib.loads(Path(__file__).with_name("code.toml").read_text(encoding="utf-8"))
    return {target: Code(**{**table, "operators": tuple(table["operators"])}) for target, table in tables.items()}


def _answers(model: Model, name: str, content: bytes, dataset: Dataset) -> Judged:
    found = located(model.variant_path(name), lambda: evaluate(content, dataset.test, name, model.config.state))
    check_answers(model, name, found.judged, dataset)
    return found.judged


def _metric(judging: Scorer, reference: Judged) -> Metric:
    figure, test = judging.figure, reference.split
    clusters = len(np.unique(test.clusters))
    return Metric(figure.short, figure.unit, figure.at_most, len(test), clusters, judging.unknown)


def _variant(
    model: Model, name: str, content: bytes, method: str, judging: Scorer, answers: tuple[Judged, Judged]
) -> VariantEvidence:
    parsed, stripped = read_model(content), strip(content)
    before, after = answers
    value, low, high = (None, None, None) if judging.unknown else _interval(judging, after)
    whole, rest = breakdown(content), breakdown(stripped)
    return VariantEvidence(
        name=name,
        rung=rung_of(method, parsed),
        tflite_bytes=len(content),
        stripped_bytes=len(stripped),
        gzip_bytes=gzip_bytes(content),
        zstd_bytes=zstd_bytes(content),
        stripped_zstd_bytes=zstd_bytes(stripped),
        metric=value,
        metric_low=low,
        metric_high=high,
        agreement_percent=agreement_of(model, after, before.outputs),
        loss=None if judging.unknown or before is after else _loss(model, name, judging, before, after),
        multiplications=multiplications(parsed),
        memory={target: memory_of(content, parsed, target, model.config.audit.ignore) for target in BOARD_TARGETS},
        work=work_of(model, name, content),
        sparsity=sparsity(parsed),
        purposes={purpose: (whole[purpose], rest[purpose]) for purpose in whole},
        operators={
            f"{each.index} {each.name}": multiplications_of(each, parsed.main) for each in parsed.main.operators
        },
    )


def memory_of(content: bytes, model: TfliteModel, target: str, ignore: Mapping[str, str]) -> Memory:
    """Return what a model needs on a target, or the broken rule that keeps it from running there as it should."""
    findings = audit(content, target=target if target in ESP_TARGETS else "", ignore=ignore).findings
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        return Memory(f"{errors[0].code}, {rule_of(errors[0].code).name}: {errors[0].values}")
    try:
        found = predict(model, target)
    except ModelFileError as error:
        return Memory(str(error))
    return Memory("", found.used_bytes, found.minimum_bytes, found.exact)


def _interval(judging: Scorer, judged: Judged) -> tuple[float, float, float]:
    """Return the metric with its own 95 % interval, clustered as everything here."""

    def nothing(weights: Any) -> Any:
        return np.zeros(len(weights))

    found = paired_loss(
        nothing,
        judging.statistic(judged),
        judged.split.clusters,
        at_most=True,
        smallest_step=100 / len(judged) if judging.figure.unit == "%" else 0.0,
        resamples=judging.resamples,
    )
    percent = judging.figure.unit == "%"
    low, high = (max(0.0, found.low), min(100.0, found.high)) if percent else (found.low, found.high)
    return found.loss, low, high


def _loss(model: Model, name: str, judging: Scorer, before: Judged, after: Judged) -> Loss:
    limit = limit_of(model, name, judging.figure.unit)
    if judging.figure.name == "accuracy_percent" and not judging.is_slow:
        paired = paired_answers(before, after, limit or math.inf)
        return losses.of_answers(paired, limit)
    return losses.of_metric(loss_of(judging, before, after), limit)


def limit_of(model: Model, name: str, unit: str) -> float | None:
    """Return what a variant may lose: its margin, else the product's, else 2 points of a percentage; None if none."""
    reference = model.config.reference_variant
    margins = {m.variant: m.max_drop_points for m in model.config.margins if m.relative_to == reference}
    general = model.config.product.max_drop_points or (DEFAULT_DROP_POINTS if unit == "%" else None)
    return margins.get(name, general)
