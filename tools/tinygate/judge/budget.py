"""Absolute limits: a figure against the budget that model.toml gives it."""

from __future__ import annotations

from dataclasses import replace

from tinygate.figures import FIGURES
from tinygate.judge.sample import undecided
from tinygate.model.folder import Variant
from tinygate.verdict import Finding, Verdict


def judge_budget(
    variant: Variant, place: str, figure: str, value: float | int | None, note: str = "", windows: int | None = None
) -> Finding:
    """Judge one measured figure of one variant.

    Args:
        variant: what was measured.
        place: where, see `tinygate.places`.
        figure: a name of `tinygate.figures.FIGURES`.
        value: the figure in the unit its name carries; None when it was not measured, with the cause in `note`.
        note: what a reader must know about how the value came to be.
        windows: the size of the sample that a share of right answers rests on; None for any other figure.

    Returns:
        PASS or FAIL where a budget exists, INCONCLUSIVE where one exists and there is no value or too small a sample,
        and a recorded figure without verdict where there is no budget.
    """
    limits = {known.name: budget for known, budget in variant.model.config.budgets_of(place, variant.name)}
    limit = limits.get(figure)
    finding = Finding(
        model=variant.model.name,
        variant=variant.name,
        place=place,
        check="budget",
        figure=figure,
        value=value,
        limit="",
        verdict=None,
        file=str(variant.path),
        reason="",
        note=note,
    )
    if limit is None:
        return finding
    demanded = f"{FIGURES[figure].sign} {limit:.12g}"
    key = f"{variant.model.config.key_of(place, variant.name, figure)} in {variant.model.config_path}"
    if value is None:
        reason = f"There is no value to hold against {key}."
        return replace(finding, limit=demanded, verdict=Verdict.INCONCLUSIVE, reason=reason)
    if windows is not None and FIGURES[figure].is_good(value, limit) and (why := undecided(value, limit, windows)):
        return replace(finding, limit=demanded, verdict=Verdict.INCONCLUSIVE, reason=f"{why} The budget is {key}.")
    verdict, outcome = (Verdict.PASS, "within") if FIGURES[figure].is_good(value, limit) else (Verdict.FAIL, "outside")
    return replace(finding, limit=demanded, verdict=verdict, reason=f"The figure is {outcome} its budget {key}.")
