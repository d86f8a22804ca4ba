"""Rules between variants: one figure divided by another, judged where both were measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tinygate.model.folder import Model
from tinygate.model.tables import RatioRule
from tinygate.verdict import Finding, Verdict


def judge_rule(model: Model, rule: RatioRule, place: str, values: Mapping[str, float | int | None]) -> Finding:
    """Judge one ratio rule at one place.

    Args:
        model: the model whose model.toml holds the rule.
        rule: the rule; its figure is that of `values`.
        place: where `values` were measured.
        values: the rule's figure per variant name; a missing variant or None means it was not measured.

    Returns:
        A finding whose value is the ratio; INCONCLUSIVE when either side is missing or the denominator is zero.
    """
    value, reference = values.get(rule.variant), values.get(rule.relative_to)
    file = str(model.variant_path(rule.variant))
    if value is None or not reference:
        missing = rule.variant if value is None else rule.relative_to
        reason = f"No {rule.figure} of {missing} was measured there, so the rule cannot be decided."
        return Finding(
            model.name, rule.variant, place, "rule", _name(rule), None, rule.text, Verdict.INCONCLUSIVE, file, reason
        )
    ratio = value / reference
    verdict = Verdict.PASS if rule.min_ratio <= ratio <= rule.max_ratio else Verdict.FAIL
    reason = f"{rule.figure}: {rule.variant} {value:g}, {rule.relative_to} {reference:g}; rule in {model.config_path}."
    return Finding(
        model.name, rule.variant, place, "rule", _name(rule), round(ratio, 4), rule.text, verdict, file, reason
    )


def rules_at(model: Model, place: str) -> Iterator[RatioRule]:
    """Yield the model's rules that are to be judged at this place."""
    return (rule for rule in model.config.rules if place in rule.places)


def _name(rule: RatioRule) -> str:
    return f"{rule.figure} ratio to {rule.relative_to}"
