"""A finding as people say it: "arena used is 4,060 bytes, 1.5 % over its budget of 4,000 bytes"."""

from __future__ import annotations

import re

from tinygate.figures import FIGURES, Figure
from tinygate.verdict import Finding, Verdict

_LIMIT = re.compile(r"[≤≥<=]\s*(-?[\d.]+(?:e[+-]?\d+)?)")
_DROP = re.compile(r"(?P<metric>\S+) (?:drop|lost) to (?P<other>.+?)(?P<points>, points)?")
_CLAUSE = 120
_NOT_RUN = {
    ("run", True): "did not run without a fault",
    ("run", False): "not measured",
    ("build", True): "not built",
    ("build", False): "not built",
}


def limit_of(finding: Finding) -> float | None:
    """Return the number in "≤ 6000"; None where nothing, or no one number, was demanded."""
    found = _LIMIT.fullmatch(finding.limit.strip())
    return float(found.group(1)) if found else None


def subject_of(finding: Finding) -> str:
    """Return what a finding is about: "gesture ptq_int8 on host"."""
    return f"{finding.model} {finding.variant} on {finding.place}"


def name_of(figure: Figure) -> str:
    """Return a figure's name without its unit: "arena used"."""
    return figure.title.removesuffix(f", {figure.unit}").removesuffix(" bytes")


def shown(figure: Figure, value: float) -> str:
    """Return a value with its unit: "4,060 bytes", "86.83 %"."""
    return figure.show(value) if figure.unit == "%" else f"{figure.show(value)} {figure.unit}"


def claim(finding: Finding) -> str:
    """Return what a finding says of its subject, without the subject, in a clause."""
    kind = finding.check.partition(" against ")[0]
    if kind in ("run", "build"):
        return f"{_NOT_RUN[kind, finding.verdict is Verdict.FAIL]}: {_first_clause(finding.reason)}"
    if kind in ("audit", "calibration"):
        return f"breaks the {kind} rule {finding.figure}"
    figure, limit = FIGURES.get(finding.figure), limit_of(finding)
    if not isinstance(finding.value, int | float):
        name = name_of(figure) if figure else finding.figure.replace("_", " ")
        value = "was not measured" if finding.value is None else f"is {finding.value}"
        return f"{name} {value}" + (f"; demanded is {finding.limit}" if finding.limit else "")
    if kind == "margin" and limit is not None and (drop := _DROP.fullmatch(finding.figure)):
        return _margin(finding, drop, limit)
    if finding.figure == "parity_mismatches":
        return f"{finding.value:,} outputs differ from the oracle's"
    if kind == "budget" and figure is not None and limit is not None:
        return _budget(finding, figure, finding.value, limit)
    demanded = f", demanded is {finding.limit}" if finding.limit else ""
    return f"{finding.figure.replace('_', ' ')} is {finding.value:,}{demanded}"


def _first_clause(sentence: str) -> str:
    clause = re.split(r"[:;.] ", sentence.strip() + " ", maxsplit=1)[0]
    return clause if len(clause) <= _CLAUSE else clause[: _CLAUSE - 1] + "…"


def _budget(finding: Finding, figure: Figure, value: float, limit: float) -> str:
    said, kind = f"{name_of(figure)} is {shown(figure, value)}", "budget" if figure.at_most else "floor"
    demanded = f"its {kind} of {shown(figure, limit)}"
    if figure.is_good(value, limit):
        return f"{said}; too few windows to prove {demanded}" if finding.verdict is Verdict.INCONCLUSIVE else (
            f"{said}, within {demanded}"
        )  # fmt: skip
    side = "over" if figure.at_most else "under"
    return f"{said}, {difference(figure, limit, value).lstrip('+−')} {side} {demanded}"


def difference(figure: Figure, before: float, now: float) -> str:
    """Return a change in per cent, in points of a figure in per cent, or "new" from 0: "+1.5 %", "−0.20 points"."""
    change = now - before
    sign = "−" if change < 0 else "+"
    if figure.unit == "%":
        return f"{sign}{abs(change):.2f} points"
    return (
        f"{sign}{abs(change) / abs(before):.1%}".replace("%", " %") if before else f"{sign}{figure.show(abs(change))}"
    )


def title_of_margin(figure: str) -> str:
    """Return what a margin's figure says as a title: "accuracy lost to float32, points"."""
    found = _DROP.fullmatch(figure)
    return f"{_metric(found)} lost to {found['other']}{found['points'] or ''}" if found else figure


def amount(value: float, points: bool, sign: str = "") -> str:
    """Return what was lost: points with two digits, anything else with three that count."""
    return format(value, f"{sign}.2f" if points else f"{sign}.3g")


def _metric(drop: re.Match[str]) -> str:
    metric = drop["metric"].removesuffix("_percent").replace("_", " ")
    return metric.upper() if metric in ("auc", "mae", "rmse") else metric


def _margin(finding: Finding, drop: re.Match[str], limit: float) -> str:
    assert isinstance(finding.value, int | float)
    points = bool(drop["points"])
    of = " points of" if points else " of"
    said = f"loses {amount(finding.value, points)}{of} {_metric(drop)} to {drop['other']}"
    ends = [amount(end, points, "+") for end in finding.detail.get("interval", ())]
    spread = f" (95 % interval {' to '.join(ends)})" if ends else ""
    if finding.verdict is Verdict.INCONCLUSIVE:
        return f"{said}{spread}: undecided whether less than the margin of {limit:g}"
    return f"{said}{spread}; less than {limit:g} is demanded"
