"""Audits any .tflite: does it keep what TFLM's integer kernels take for granted? Runtimes accept corrupt models.

report = audit(Path("model.tflite").read_bytes(), target=chip)
report.findings, report.worst, report.figures
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from tinygate.audit import datatypes, file, graph, needs, operators, products, shapes, tensors
from tinygate.audit.figures import TensorFigures, figures_of
from tinygate.audit.finding import AuditFinding, Severity
from tinygate.audit.rules import RULES, Rule, rule_of
from tinygate.audit.view import View
from tinygate.errors import InputError
from tinygate.tflite.model import Subgraph, TfliteModel
from tinygate.tflite.reader import parse_model
from tinygate.tflm.known import ESP_TARGETS, PINNED

__all__ = ["RULES", "AuditFinding", "AuditReport", "Rule", "Severity", "TensorFigures", "audit"]

Check = Callable[[View], Iterator[AuditFinding]]

CHECKS: tuple[Check, ...] = (
    file.check_format, file.check_emptiness, graph.check_references, graph.check_order, graph.check_recursion,
    tensors.check_types, tensors.check_recorded_ranges, needs.check_axes,
    tensors.check_scales, tensors.check_counts, tensors.check_zero_points, tensors.check_data,
    needs.check_arity, needs.check_limits, needs.check_options, shapes.check_products, shapes.check_others,
    datatypes.check_combinations, datatypes.check_parameters,
    operators.check_kept_scales, operators.check_fixed_scales, operators.check_activations, operators.check_sums,
    operators.check_softmax, graph.check_known_errors, file.check_entry,
    tensors.check_weights, tensors.check_biases,
    products.check_bias_scales, products.check_multipliers, products.check_accumulators, products.check_reach,
    products.check_element_reach,
    graph.check_results, graph.check_operators, graph.check_floats, graph.check_dynamic, graph.check_input_ranges,
    file.check_unused, file.check_buffers, file.check_sharing,
)  # fmt: skip
_MOST_FINDINGS = 10_000
_EMPTY = Subgraph(0, "", (), (), (), ())
_ORDER = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True)
class AuditReport:
    """All that an audit found.

    Attributes:
        model: the parsed file.
        findings: what is wrong, worst first, then in the order of the graph; 10,000 at most.
        ignored: findings that the user set aside, each with the reason given.
        figures: figures of every quantized tensor of the main subgraph.
        ran: whether TFLM ran the model; None if nobody asked it.
    """

    model: TfliteModel
    findings: tuple[AuditFinding, ...]
    ignored: tuple[tuple[AuditFinding, str], ...]
    figures: tuple[TensorFigures, ...]
    ran: bool | None = None

    @property
    def worst(self) -> Severity | None:
        """The worst severity among the findings, None if there are none."""
        return min((finding.severity for finding in self.findings), key=_ORDER.__getitem__, default=None)


def audit(
    data: bytes,
    *,
    target: str = "",
    ignore: Mapping[str, str] | None = None,
    versions: Mapping[str, str] | None = None,
    refusal: str | None = None,
) -> AuditReport:
    """Check the content of a .tflite file against every rule.

    Args:
        data: the file's bytes.
        target: a chip, one that `tinygate.tflm.known` knows, for the rules about its kernels; empty for none.
        ignore: rule codes to set aside, each with a reason.
        versions: of the libraries whose kernels the target runs, {"esp-nn": "1.2.6"}; what is left out is what the
            firmware is built with.
        refusal: what TFLM said when it was asked to run the model, empty if it ran; None if nobody asked.

    Raises:
        ModelFileError: no well-formed FlatBuffers file.
        InputError: an unknown target or library; an ignored code that is no rule, or that has no reason.
    """
    reasons = _reasons(ignore or {})
    _check_names(target, versions or {})
    model = parse_model(data)
    views = [View(model, subgraph, target, versions or {}) for subgraph in model.subgraphs or (_EMPTY,)]
    found = _findings(views)
    if refusal:
        found.insert(0, views[0].finding("TG-Q060", refusal))
    return AuditReport(
        model=model,
        findings=tuple(finding for finding in found if finding.code not in reasons),
        ignored=tuple((finding, reasons[finding.code]) for finding in found if finding.code in reasons),
        figures=figures_of(views[0]),
        ran=None if refusal is None else not refusal,
    )


def _reasons(ignore: Mapping[str, str]) -> dict[str, str]:
    reasons = {rule_of(code).code: reason for code, reason in ignore.items()}
    for code, reason in reasons.items():
        if not reason.strip():
            raise InputError(f"{code} is ignored without a reason; write {code}=why.")
    return reasons


def _check_names(target: str, versions: Mapping[str, str]) -> None:
    if target and target not in ESP_TARGETS:
        raise InputError(f"{target!r} is no target; expected one of {', '.join(ESP_TARGETS)}.")
    for library in versions:
        if library not in PINNED:
            raise InputError(f"{library!r} is no library; expected one of {', '.join(PINNED)}.")


def _findings(views: list[View]) -> list[AuditFinding]:
    """Return what the checks find, worst first."""
    every = (finding for view in views for check in CHECKS for finding in _run(check, view))
    found = list(islice(every, _MOST_FINDINGS))
    if len(found) == _MOST_FINDINGS:
        found.append(views[0].finding("TG-Q049", f"stopped after {_MOST_FINDINGS} findings"))
    found.sort(key=lambda finding: (_ORDER[finding.severity], finding.subgraph, max(finding.operator, 0)))
    return found


def _run(check: Check, view: View) -> Iterator[AuditFinding]:
    """Yield a check's findings; a check that stumbles over a model nobody thought of is itself a finding."""
    try:
        yield from check(view)
    except Exception as error:
        yield view.finding("TG-Q049", f"{check.__name__}: {type(error).__name__}: {error}")
