"""What lint-data says: one finding per rule and place, held or broken, with the figures."""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.audit.finding import Severity
from tinygate.calibration.rules import RULES

_ORDER = [*Severity, None]


@dataclass(frozen=True)
class LintFinding:
    """What one rule found at one place.

    Attributes:
        code: the rule's stable code, "TG-D001".
        severity: how bad; None if the rule holds.
        place: what it is about: "calibration set", "channel 2", "ptq_int8: operator 4 FULLY_CONNECTED".
        values: what was found and what was expected, with numbers.
    """

    code: str
    severity: Severity | None
    place: str
    values: str

    @property
    def name(self) -> str:
        """The rule's name, "size"."""
        return RULES[self.code].name

    def sentence(self) -> str:
        """Return the finding as one line."""
        how = self.severity or "holds"
        advice = f" {RULES[self.code].fix}" if self.severity else ""
        return f"{self.code} {self.name} ({how}): {self.place}: {self.values}.{advice}"


@dataclass(frozen=True)
class LintReport:
    """All findings, worst first."""

    findings: tuple[LintFinding, ...]

    @property
    def broken(self) -> tuple[LintFinding, ...]:
        """Findings whose rule does not hold."""
        return tuple(finding for finding in self.findings if finding.severity is not None)

    @property
    def errors(self) -> tuple[LintFinding, ...]:
        """Findings of severity error."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)

    @property
    def codes(self) -> frozenset[str]:
        """Codes of the rules that do not hold."""
        return frozenset(finding.code for finding in self.broken)

    @property
    def worst(self) -> Severity | None:
        """The worst severity found, None if everything holds."""
        return self.findings[0].severity if self.findings else None


def report(findings: list[LintFinding]) -> LintReport:
    """Return a report of findings in order of severity and code."""
    return LintReport(tuple(sorted(findings, key=lambda f: (_ORDER.index(f.severity), f.code, f.place))))


def graded(code: str, place: str, values: str, *, warning: bool, error: bool) -> LintFinding:
    """Return a finding: an error, a warning, or a rule that holds."""
    severity = Severity.ERROR if error else Severity.WARNING if warning else None
    return LintFinding(code, severity, place, values)
