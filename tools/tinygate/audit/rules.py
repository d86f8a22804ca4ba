"""The table of audit rules: where `--explain`, docs/rules.md and SARIF take their words from.

Codes are stable: a rule may be retired, its number is never given to another. Explanations are for an engineer who
knows neural networks and has never seen a zero point.
"""

from __future__ import annotations

from tinygate.audit.rule import Rule
from tinygate.audit.rules_advice import ADVICE
from tinygate.audit.rules_errors import ERRORS
from tinygate.errors import InputError

__all__ = ["RULES", "Rule", "rule_of"]

RULES: dict[str, Rule] = {rule.code: rule for rule in sorted((*ERRORS, *ADVICE), key=lambda rule: rule.code)}
"""Rules by code, in order."""


def rule_of(code: str) -> Rule:
    """Return a rule by its code, in any case: "TG-Q003", "q003", "TG-Q003 weight-zero-point", "weight-zero-point".

    Raises InputError for what is none.
    """
    number, _, name = code.strip().partition(" ")
    named = {rule.name: rule for rule in RULES.values()}
    rule = RULES.get(f"TG-{number.upper().removeprefix('TG-')}", named.get(number.lower()))
    rule = None if rule is not None and name and name.strip().lower() != rule.name else rule
    if rule is None:
        raise InputError(f"{code} is no audit rule; they go from {min(RULES)} to {max(RULES)}, see docs/rules.md.")
    return rule
