"""A model folder's calibration set under the lint: set and constants from the manifest, ranges from the variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cache

from tinygate.audit.finding import Severity
from tinygate.audit.rules import Rule
from tinygate.calibration.finding import LintFinding, LintReport
from tinygate.calibration.lint import lint
from tinygate.calibration.representative_set import RepresentativeSet, from_samples
from tinygate.compare.execution import is_affine
from tinygate.data.hashing import arrays_sha256
from tinygate.errors import InputError
from tinygate.judge.facts import ALL_VARIANTS
from tinygate.model.folder import Model
from tinygate.places import HOST
from tinygate.store.results import kept
from tinygate.tflite import read_model
from tinygate.verdict import Finding, Verdict

CONVERTED_FROM_ANOTHER_SET = "TG-D019"


def judge_calibration_rule(model: Model, report: LintReport, rule: Rule) -> Finding:
    """Judge one rule of the lint on a model's set: FAIL on a clear breach, PASS with a note on a mild one."""
    found = [finding for finding in report.findings if finding.code == rule.code]
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    said = [finding.sentence() for finding in found if finding.severity is not None]
    reason = said[0] + (f" {len(said) - 1} more like this." if len(said) > 1 else "") if said else ""
    file = str(model.folder / "artifacts" / "manifest.json")
    shared = (model.name, ALL_VARIANTS, HOST, "calibration", f"{rule.code} {rule.name}")
    return Finding(*shared, len(errors), "0 errors", Verdict.FAIL if errors else Verdict.PASS, file, reason)


@cache
def recorded_report(model: Model) -> LintReport:
    """Return the lint of a model's recorded set and variants, once a process; kept on disk by content."""
    depends_on = [arrays_sha256(model.dataset), model.manifest.model_dump_json()]
    depends_on += [variant.sha256 for variant in model.variants]
    found = kept("lint", depends_on, lambda: asdict(lint_model(model)))
    findings = (LintFinding(**{**f, "severity": f["severity"] and Severity(f["severity"])}) for f in found["findings"])
    return LintReport(tuple(findings))


def lint_model(
    model: Model, representative: RepresentativeSet | None = None, models: Mapping[str, bytes] | None = None
) -> LintReport:
    """Check the calibration set that the manifest lists and the variants that it calibrated.

    Args:
        model: folder with data, manifest and variants.
        representative: another set in place of the manifest's.
        models: other integer models, by name, in place of the folder's variants.

    Raises:
        InputError: the manifest lists no set, and none is given.
        TinygateError: data, manifest or a model cannot be used.
    """
    dataset, manifest = model.dataset, model.manifest
    if representative is None:
        if manifest.calibration is None:
            raise InputError(f"{model.folder}: the manifest lists no calibration set; name one with --representative.")
        representative = from_samples(manifest.calibration.samples, dataset)
    constants = (manifest.preprocessing.constants, manifest.preprocessing.sha256)
    judged = models if models is not None else integer_variants(model)
    return lint(representative, dataset, judged, float_tflite=float_variant(model), constants=constants)


def integer_variants(model: Model) -> dict[str, bytes]:
    """Return the variants whose activations are quantized, by name."""
    found = {}
    for variant in model.variants:
        tensors = read_model(variant.content).main.tensors
        if any(is_affine(tensor) and not tensor.is_constant for tensor in tensors):
            found[variant.name] = variant.content
    return found


def float_variant(model: Model) -> bytes | None:
    """Return the variant without any quantized tensor, None if there is none."""
    for variant in model.variants:
        if not any(tensor.scales for tensor in read_model(variant.content).main.tensors):
            return variant.content
    return None
