"""The paired statistics against statsmodels, on generated cases whose answers it gave (statsmodels_cases.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.paired import PairedComparison, compare_paired

CASES = json.loads(Path(__file__).with_name("statsmodels_cases.json").read_text())["cases"]


def compared(case: dict[str, Any]) -> PairedComparison:
    """Windows of each recording: lost ones first, then gained ones, then those that both get right."""
    rows = list(zip(case["sizes"], case["lost"], case["gained"], strict=True))
    before = np.concatenate([[0] * lost + [1] * gained + [0] * (n - lost - gained) for n, lost, gained in rows])
    after = np.concatenate([[1] * lost + [0] * gained + [0] * (n - lost - gained) for n, lost, gained in rows])
    recordings = np.repeat(np.arange(len(rows)), case["sizes"])
    return compare_paired(np.zeros(len(before), int), before, after, recordings, 2.0)


@pytest.mark.parametrize("case", CASES)
def test_mcnemar_and_the_drop_are_those_of_statsmodels(case: dict[str, Any]) -> None:
    ours = compared(case)
    assert ours.p_value == pytest.approx(case["mcnemar_p"], rel=1e-9)
    assert ours.drop_points == pytest.approx(case["drop_points"], abs=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_the_interval_holds_the_cluster_robust_one_and_is_not_much_wider(case: dict[str, Any]) -> None:
    """Ours adds caution for few recordings and rare flips (see the module), never the other way round."""
    ours, width = compared(case), case["high_points"] - case["low_points"]
    slack = 0.01 * width  # statsmodels' correction for small samples is a little larger
    assert ours.low_points <= case["low_points"] + slack
    assert ours.high_points >= case["high_points"] - slack
    assert ours.high_points - ours.low_points < 1.6 * width
