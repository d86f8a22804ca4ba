"""Absolute limits: a figure against the budget that model.toml gives it."""

from __future__ import annotations

from tinygate.model.config import FIGURES
from tinygate.model.folder import Variant
from tinygate.verdict import Finding, Verdict


def judge_budget(variant: Variant, place: str, figure: str, value: float | int | None, note: str = "") -> Finding:
    """Judge one measured figure of one variant.

    Args:
        variant: what was measured.
        place: where: "host", "esp32", "esp32-virtual", "esp32-qemu".
        figure: a name of `tinygate.model.config.FIGURES`.
        value: the figure in the unit its name carries; None when it was not measured, with the cause in `note`.
        note: appended to the reason; what a reader must know about how the value came to be.

    Returns:
        PASS or FAIL where a budget exists, INCONCLUSIVE where one exists and there is no value,
        and a recorded figure without verdict where there is no budget.
    """
    limits = {known.name: budget for known, budget in variant.model.config.budgets_of(place, variant.name)}
    limit = limits.get(figure)
    if limit is None:
        return _finding(variant, place, figure, value, "", None, note)
    sign = "≤" if FIGURES[figure].at_most else "≥"
    demanded = f"{sign} {limit:g}" if isinstance(limit, float) else f"{sign} {limit}"
    if value is None:
        return _finding(variant, place, figure, None, demanded, Verdict.INCONCLUSIVE, note or "No value was measured.")
    within = value <= limit if FIGURES[figure].at_most else value >= limit
    verdict, outcome = (Verdict.PASS, "within") if within else (Verdict.FAIL, "outside")
    key = f"budgets.{place}.{variant.name}.{figure}"
    reason = f"The figure is {outcome} its budget {key} in {variant.model.config_path}."
    return _finding(variant, place, figure, value, demanded, verdict, f"{reason} {note}".strip())


def _finding(
    variant: Variant,
    place: str,
    figure: str,
    value: float | int | None,
    limit: str,
    verdict: Verdict | None,
    reason: str,
) -> Finding:
    return Finding(
        variant.model.name, variant.name, place, "budget", figure, value, limit, verdict, str(variant.path), reason
    )
