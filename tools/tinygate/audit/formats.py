"""An audit report as text for people, JSON for programs, SARIF 2.1.0 for code-scanning services,
workflow commands for GitHub."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from tinygate.audit import AuditReport
from tinygate.audit.figures import TensorFigures
from tinygate.audit.finding import AuditFinding, Severity
from tinygate.audit.rules import RULES, Rule

_BARS = " ▁▂▃▄▅▆▇█"
_BINS_PER_BAR = 8
_LONGEST_NAME = 200
_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def printable(text: str) -> str:
    """Return text with everything escaped that a terminal might obey: names come from the file."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def explain(rule: Rule) -> str:
    """Return a rule in words."""
    example = f"Example: {rule.example}\n" if rule.example else ""
    return (
        f"{rule.code} {rule.name} ({rule.severity})\n\n{rule.demand}\n\nWhy: {rule.why}\n{example}Fix: {rule.fix}\n"
        f"Source: {rule.source}\n"
    )


def as_text(report: AuditReport, name: str, *, figures: bool) -> str:
    """Return the report for a terminal, worst first; `figures` adds the table of tensors."""
    lines = [line for group in _grouped(report.findings) for line in _finding_lines(report, group)]
    lines += [f"ignored  {f.code} {RULES[f.code].name}: {f.place}: {why}" for f, why in report.ignored]
    if figures:
        lines += ["", *_figure_lines(report.figures)]
    counts = Counter(finding.severity for finding in report.findings)
    total = ", ".join(f"{counts[s]} {s}{'' if counts[s] == 1 else 's'}" for s in Severity)
    ran = ", TensorFlow Lite Micro ran it once" if report.ran else ""
    lines.append(f"{name}: {total}, {len(report.ignored)} ignored{ran}")
    return "\n".join(printable(line) for line in lines) + "\n"


def _grouped(findings: tuple[AuditFinding, ...]) -> list[list[AuditFinding]]:
    """Return findings of one rule together, in order of the first."""
    groups: dict[str, list[AuditFinding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    return list(groups.values())


def _finding_lines(report: AuditReport, group: list[AuditFinding]) -> list[str]:
    rule = RULES[group[0].code]
    lines = [f"{rule.severity:8} {rule.code} {rule.name}: {rule.demand}"]
    lines += [f"         at {finding.place}: {finding.values}{_others(report, finding)}" for finding in group]
    return [*lines, f"         why: {rule.why}", f"         fix: {rule.fix}", ""]


def _others(report: AuditReport, finding: AuditFinding) -> str:
    """Return the other tensors that take part, in one of which the cause may lie."""
    names = [f"{index} {name!r}" for index, name in zip(finding.related, _names(report, finding), strict=True)]
    return f"; see also tensor {', '.join(names)}" if names else ""


def _names(report: AuditReport, finding: AuditFinding) -> list[str]:
    tensors = report.model.subgraphs[finding.subgraph].tensors if report.model.subgraphs else ()
    return [tensors[index].name[:_LONGEST_NAME] for index in finding.related]


def _figure_lines(figures: tuple[TensorFigures, ...]) -> list[str]:
    lines = [f"{'tensor':>6} {'role':10} {'range':>24} {'step':>10} {'scales':>6} {'wasted':>6} {'clipped':>7}  codes"]
    for f in figures:
        span = f"{f.low:.4g} … {f.high:.4g}"
        numbers = f"{f.step:10.4g} {f.channel_scales:6} {f.wasted_codes:6} {f.saturated_share:7.1%}"
        lines.append(f"{f.index:6} {f.role:10} {span:>24} {numbers}  {_sparkline(f.histogram)} {f.name[:40]}".rstrip())
    return lines


def _sparkline(histogram: tuple[int, ...]) -> str:
    """Return 256 bins as 32 bars."""
    sums = [sum(histogram[i : i + _BINS_PER_BAR]) for i in range(0, len(histogram), _BINS_PER_BAR)]
    largest = max(sums, default=0)
    return "".join(_BARS[math.ceil(8 * value / largest)] if largest else " " for value in sums)


def as_json(report: AuditReport, name: str) -> str:
    """Return the report as a JSON object: file, findings, ignored, tensors with their 256-bin histograms."""
    worst = report.worst
    document = {
        "file": name,
        "size_bytes": report.model.size_bytes,
        "worst": worst.value if worst else None,
        "ran": report.ran,
        "findings": [_finding_object(report, finding) for finding in report.findings],
        "ignored": [_finding_object(report, finding) | {"reason": reason} for finding, reason in report.ignored],
        "tensors": [_finite(dataclasses.asdict(figures)) for figures in report.figures],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finding_object(report: AuditReport, finding: AuditFinding) -> dict[str, Any]:
    rule = RULES[finding.code]
    words = {"name": rule.name, "demand": rule.demand, "why": rule.why, "fix": rule.fix, "place": finding.place}
    return dataclasses.asdict(finding) | words | {"related_names": _names(report, finding)}


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def as_github(report: AuditReport, path: str) -> str:
    """Return one workflow command per finding: GitHub shows them at the file of a pull request."""
    levels = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    lines = []
    for finding in report.findings:
        rule = RULES[finding.code]
        title = _github(f"{rule.code} {rule.name}", property=True)
        text = _github(f"{finding.place}: {finding.values}. {rule.demand} Fix: {rule.fix}")
        lines.append(f"::{levels[finding.severity]} file={_github(path, property=True)},title={title}::{text}\n")
    return "".join(lines)


def _github(text: str, *, property: bool = False) -> str:
    """Escape text as GitHub's runner unescapes it; names come from the file, and must not make commands."""
    escapes = {"%": "%25", "\r": "%0D", "\n": "%0A"} | ({":": "%3A", ",": "%2C"} if property else {})
    for character, escape in escapes.items():
        text = text.replace(character, escape)
    return printable(text)


def as_sarif(reports: Sequence[tuple[AuditReport, str]]) -> str:
    """Return reports, each with its file's path, as SARIF 2.1.0; ignored findings are suppressed with their reasons."""
    from tinygate import __version__

    driver = {"name": "tinygate audit", "version": __version__, "rules": [_sarif_rule(r) for r in RULES.values()]}
    results = [result for report, path in reports for result in _sarif_results(report, quote(path))]
    artifacts = [{"location": {"uri": quote(path)}} for _, path in reports]
    run = {"tool": {"driver": driver}, "results": results, "artifacts": artifacts}
    return (
        json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False) + "\n"
    )


def _sarif_results(report: AuditReport, uri: str) -> Iterator[dict[str, Any]]:
    codes = list(RULES)
    for finding in report.findings:
        yield _sarif_result(finding, uri, codes)
    for finding, reason in report.ignored:
        suppression = {"kind": "external", "justification": reason}
        yield _sarif_result(finding, uri, codes) | {"suppressions": [suppression]}


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.demand},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.fix} (Source: {rule.source})"},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }


def _sarif_result(finding: AuditFinding, uri: str, codes: list[str]) -> dict[str, Any]:
    logical = [{"fullyQualifiedName": finding.place, "kind": "element"}]
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": f"{RULES[finding.code].demand} Found at {finding.place}: {finding.values}."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}, "logicalLocations": logical}],
    }
