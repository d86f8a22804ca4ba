"""Rules between variants, judged when all of them have been measured; runs last."""

from __future__ import annotations

import pytest

from tinygate.judge.ratio import judge_rule
from tinygate.model.folder import Model
from tinygate.model.tables import RatioRule
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged
from tinygate.plugin.target import Figures


class TestRules:
    """[[rules]] at this place."""

    @pytest.fixture(autouse=True)
    def parametrize_fixtures(self) -> None:
        """A rule needs no board of its own: it rests on what was measured before."""

    def test_figures_keep_their_ratio(
        self,
        target_rule: tuple[Model, RatioRule],
        board: BoardChoice,
        measured_figures: Figures,
        judge: Judge,
        not_judged: SaysNotJudged,
    ) -> None:
        """One figure divided by another."""
        model, rule = target_rule
        names = (rule.variant, rule.relative_to)
        missing = [name for name in names if (model.name, name, rule.figure) not in measured_figures]
        if missing:
            not_judged(f"{rule.figure} of {' and '.join(missing)} was not asked for in this session")
        values = {name: measured_figures[model.name, name, rule.figure] for name in names}
        judge(judge_rule(model, rule, board.place, values))
