"""The lint itself: every rule over one calibration set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.calibration import composition, leakage, preparation, realness
from tinygate.calibration.activations import FloatModel
from tinygate.calibration.finding import LintFinding, LintReport, report
from tinygate.calibration.ranges import check_ranges, check_stability
from tinygate.calibration.representative_set import RepresentativeSet, as_set
from tinygate.calibration.telltale import check_telltales
from tinygate.data.dataset import Dataset, Split
from tinygate.tflite import read_model


def lint(
    representative: RepresentativeSet | Split | NDArray[Any],
    dataset: Dataset,
    tflite: bytes | Mapping[str, bytes] | None = None,
    *,
    float_tflite: bytes | None = None,
    constants: tuple[Mapping[str, Any], str] | None = None,
) -> LintReport:
    """Check a calibration set against its training and test data, and the models that were calibrated on it.

    Args:
        representative: float inputs [N, ...] alone, or with what is known of them. Class, subject and recording of a
            sample that is a window of the data set are found by its values.
        dataset: training windows to compare with, test windows to stay away from.
        tflite: an integer model, or several by name; their ranges are judged on training windows outside the set.
        float_tflite: the float model, without which ranges of inner tensors cannot be judged.
        constants: preprocessing constants with the sha256 that a manifest pins.

    Raises:
        DataError: no samples, or of another shape than the data set's.
        ModelFileError: a model is malformed, refused by its runtime, or not the float model's quantization.
    """
    given = as_set(representative, dataset)
    findings: list[LintFinding] = [
        *composition.check_size(given),
        *composition.check_classes(given, dataset),
        *composition.check_known(given, dataset),
        *leakage.check_overlap(given, dataset),
        *leakage.check_origin(given, dataset),
        *(preparation.check_constants(*constants, dataset) if constants else ()),
    ]
    models = {"model": tflite} if isinstance(tflite, bytes) else dict(tflite or {})
    finite = _finite(given)
    if len(finite):
        findings += _check_values(finite, dataset)
        findings += _check_models(finite, dataset, models, float_tflite) if float_tflite is not None else []
    span = (float(np.nanmin(dataset.train.inputs)), float(np.nanmax(dataset.train.inputs)))
    for name, content in models.items():
        findings += check_telltales(read_model(content), name, span)
    return report(findings)


def lint_tflite(content: bytes, name: str) -> LintReport:
    """Check what a .tflite alone betrays of its calibration. Raises ModelFileError for a malformed file."""
    return report(list(check_telltales(read_model(content), name)))


def _check_values(given: RepresentativeSet, dataset: Dataset) -> list[LintFinding]:
    return [
        *composition.check_duplicates(given),
        *leakage.check_shared_windows(given, dataset),
        *realness.check_realness(given, dataset),
        *preparation.check_moments(given, dataset),
        *preparation.check_values(given, dataset),
    ]


def _check_models(
    given: RepresentativeSet, dataset: Dataset, models: Mapping[str, bytes], float_tflite: bytes
) -> list[LintFinding]:
    bench = FloatModel(float_tflite)
    findings: list[LintFinding] = []
    for name, content in models.items():
        findings += check_ranges(given, dataset, bench, content, name)
    for name, content in list(models.items())[:1]:  # how stable a set is does not depend on whose weights it meets
        findings += check_stability(given, dataset, bench, content, name)
    return findings


def _finite(given: RepresentativeSet) -> RepresentativeSet:
    """Return the samples whose values are all finite."""
    rows = np.flatnonzero(np.isfinite(given.inputs).reshape(len(given), -1).all(axis=1))
    columns = {name: getattr(given, name)[rows] for name in ("inputs", "labels", "subjects", "recordings", "starts")}
    return replace(given, **columns, raw_sha256=tuple(given.raw_sha256[row] for row in rows))
