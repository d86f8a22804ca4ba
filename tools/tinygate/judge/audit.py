"""The audit of a variant, rule by rule: what may ship keeps every rule whose breach is an error."""

from __future__ import annotations

from functools import cache

from tinygate.audit import AuditReport, audit
from tinygate.audit.finding import Severity
from tinygate.audit.rules import Rule
from tinygate.model.folder import Variant
from tinygate.places import HOST
from tinygate.verdict import Finding, Verdict

NEEDS_A_HOST = "TG-Q014"
"""Hybrid operators: what a microcontroller refuses, and a variant for hosts is made of."""
_SHOWN = 3


@cache
def audit_of(variant: Variant) -> AuditReport:
    """Return a variant's audit, once a process. Raises ModelFileError, and InputError for a code that is no rule."""
    return audit(variant.content, ignore=variant.model.config.audit.ignore)


def judge_audit_rule(variant: Variant, rule: Rule) -> Finding:
    """Judge one rule on one variant.

    Returns:
        FAIL where the rule is broken and its breach is an error; PASS otherwise, milder breaches being told; a finding
        without verdict where model.toml sets the rule aside, with the reason that it gives.
    """
    report, config = audit_of(variant), variant.model.config
    broken = [found for found in report.findings if found.code == rule.code]
    aside = [found for found, _ in report.ignored if found.code == rule.code]
    errors = sum(found.severity is Severity.ERROR for found in broken)
    verdict: Verdict | None = Verdict.FAIL if errors else Verdict.PASS
    reason = " ".join(f"{found.severity} at {found.place}: {found.values}." for found in broken[:_SHOWN])
    if len(broken) > _SHOWN:
        reason += f" {len(broken) - _SHOWN} more like these."
    if errors:
        reason += f" {rule.fix}"
        if rule.code == NEEDS_A_HOST and config.variants[variant.name].host_only:
            verdict, reason = None, f"A variant for hosts only: {reason}"
    if aside:
        verdict = None
        why = config.audit.ignore[rule.code]
        reason = f"{len(aside)} breaches are set aside by audit.ignore in {variant.model.config_path}: {why}"
    figure = f"{rule.code} {rule.name}"
    shared = (variant.model.name, variant.name, HOST, "audit", figure)
    return Finding(*shared, errors, "0 errors", verdict, str(variant.path), reason)
