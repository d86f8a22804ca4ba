"""Findings about things that are so or not: an identity, a count, a hash."""

from __future__ import annotations

from tinygate.model.folder import Model, Variant
from tinygate.verdict import Finding, Verdict

ALL_VARIANTS = "all variants"


def fact(
    subject: Variant | Model,
    place: str,
    check: str,
    figure: str,
    value: float | int | str | None,
    limit: str,
    holds: bool,
    reason: str = "",
    otherwise: Verdict = Verdict.FAIL,
) -> Finding:
    """Return PASS where something holds, and `otherwise` where it does not.

    Args:
        subject: the variant, or the model as a whole.
        place, check, figure, value, limit: see `Finding`.
        holds: whether it is as it must be.
        reason: one sentence: why this verdict, and what to do.
        otherwise: the verdict if it does not hold: who is to blame decides.
    """
    variant, model = (subject.name, subject.model) if isinstance(subject, Variant) else (ALL_VARIANTS, subject)
    file = str(subject.path if isinstance(subject, Variant) else subject.config_path)
    verdict = Verdict.PASS if holds else otherwise
    return Finding(model.name, variant, place, check, figure, value, limit, verdict, file, reason)
