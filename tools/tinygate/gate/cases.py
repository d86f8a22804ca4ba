"""What each check is asked of: the values of the fixtures that tests are run over, and the ids that name them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tinygate.audit.rules import RULES as AUDIT_RULES
from tinygate.calibration.rules import RULES as CALIBRATION_RULES
from tinygate.gate.checks import CHECKS
from tinygate.model.selection import Selection
from tinygate.places import HOST
from tinygate.report.summary import Expected

PARAMETERS = ("config", "variant", "model", "ratio_rule", "target_rule", "margin", "audit_rule", "calibration_rule")
"""In the order in which they stand in a test's id."""


@dataclass(frozen=True)
class Case:
    """One value of a fixture, and its part of a test's id."""

    id: str
    value: Any


def cases_of(parameter: str, selection: Selection, places: Sequence[str]) -> list[Case]:
    """Return all values of a fixture.

    Args:
        parameter: one of `PARAMETERS`.
        selection: the models and variants that are judged.
        places: where target tests run; several only while nobody has named a board, to collect.
    """
    if parameter == "variant":
        return [Case(variant.id, variant) for variant in selection.variants]
    if parameter == "config":
        return [Case(variant.id, variant) for variant in selection.target_variants]
    if parameter == "model":
        return [Case(model.name, model) for model in selection.models]
    if parameter == "margin":
        return _numbered((f"{m.name}-{x.variant}-{x.relative_to}", (m, x)) for m, x in selection.margins)
    if parameter in ("ratio_rule", "target_rule"):
        at = (HOST,) if parameter == "ratio_rule" else places
        rules = dict.fromkeys(pair for place in at for pair in selection.rules_at(place))
        return _numbered((f"{m.name}-{r.figure}-{r.variant}-{r.relative_to}", (m, r)) for m, r in rules)
    rules_by_code = {"audit_rule": AUDIT_RULES, "calibration_rule": CALIBRATION_RULES}[parameter]
    return [Case(code, rule) for code, rule in rules_by_code.items()]


def _numbered(named: Iterable[tuple[str, Any]]) -> list[Case]:
    """Return cases with ids of their own: a second one of a name gets a number, where pytest would change both."""
    seen: Counter[str] = Counter()
    found = []
    for name, value in named:
        seen[name] += 1
        found.append(Case(name if seen[name] == 1 else f"{name}-{seen[name]}", value))
    return found


def expected_checks(selection: Selection, places: Sequence[str]) -> list[Expected]:
    """Return every check that a whole run at the host and at `places` must answer."""
    found = []
    for check, place in itertools.product(CHECKS, (HOST, *places)):
        if (check.suite == "host") != (place == HOST):
            continue
        per = [name for name in PARAMETERS if name in check.per]
        for combination in itertools.product(*(cases_of(name, selection, (place,)) for name in per)):
            model, variant = _subject(combination[0].value)
            found.append(Expected(check.name, "-".join(case.id for case in combination), model, variant, place))
    return found


def _subject(value: Any) -> tuple[str, str]:
    if isinstance(value, tuple):  # a rule or margin: of the variant that is judged by it
        model, relation = value
        return model.name, relation.variant
    return (value.model.name, value.name) if hasattr(value, "model") else (value.name, "")
