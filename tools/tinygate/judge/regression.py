"""Is it worse than the baseline? Sizes are compared exactly; time over boots, by an exact test and a least effect.

The boot is the replicate: invocations of one boot share its luck (cache, alignment, clock), so boots' medians are
compared, by the exact Mann-Whitney test. A difference must be larger than a least effect, too. Where a variant's first
boots look slower, as many fresh ones are measured, once, and these alone decide, at a level that is divided by the
number of all figures of time that the run judges (Bonferroni): a night is falsely red with a chance below ALPHA.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

ALPHA = 0.005
"""The chance that a night is red although nothing is slower, over all figures together."""

LEAST_BOOTS_NOW = 5
_MOST_BOOTS = 60
_SUSPICIOUS = 0.001
"""p from which the first boots ask for a confirmation."""

OPERATOR_EFFECT_PERCENT = 5.0
"""What an operator must be slower by: one run with the profiler has no median over invocations."""


@dataclass(frozen=True)
class Comparison:
    """Boots against those of a baseline.

    Attributes:
        before, now: medians over boots.
        p: chance of so much slower boots if nothing has changed; 1 where they are not slower by the least effect.
    """

    before: float
    now: float
    p: float

    @property
    def percent(self) -> float:
        """How much slower, in percent of the baseline; negative if faster."""
        return 100 * (self.now - self.before) / self.before if self.before else 0.0


def compare(before: Sequence[float], now: Sequence[float], least_percent: float) -> Comparison:
    """Compare boots, each told by one value.

    Args:
        before: of the baseline.
        now: of this run.
        least_percent: what they must be slower by to be suspicious at all.
    """
    middle, new = float(np.median(before)), float(np.median(now))
    slower = new > middle * (1 + least_percent / 100)
    return Comparison(middle, new, _exact_p(before, now) if slower else 1.0)


def boots_needed(before: int, figures: int) -> int:
    """Return how many boots decide against a baseline of so many boots, when so many figures of time are judged.

    Even boots that are all slower than all of the baseline's have a chance of 1 in (before + now choose now).
    """
    enough = (now for now in range(LEAST_BOOTS_NOW, _MOST_BOOTS) if comb(before + now, now) * ALPHA >= figures)
    return next(enough, _MOST_BOOTS)


def is_suspicious(first: Comparison) -> bool:
    """Whether the first boots ask for a confirmation."""
    return first.p <= _SUSPICIOUS


def is_confirmed(fresh: Comparison, figures: int) -> bool:
    """Whether fresh boots prove what the first ones let suspect, when so many figures of time are judged."""
    return fresh.p <= ALPHA / max(figures, 1)


def _exact_p(before: Sequence[float], now: Sequence[float]) -> float:
    """Return the one-sided exact p of the Mann-Whitney test; ties count against a difference, which keeps it exact."""
    from scipy.stats import mannwhitneyu

    ranks = np.unique(np.concatenate([before, now]), return_inverse=True)[1] * 2
    old, new = ranks[: len(before)] + 1, ranks[len(before) :]
    return float(mannwhitneyu(new, old, alternative="greater", method="exact").pvalue)
