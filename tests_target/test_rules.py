"""Rules between variants, judged when all of them have been measured; runs last."""

from collections.abc import Callable

import pytest

from tinygate.judge.ratio import judge_rule
from tinygate.model.config import RatioRule
from tinygate.model.folder import Model
from tinygate.plugin.board_options import BoardChoice
from tinygate.verdict import Finding


@pytest.fixture(autouse=True)
def parametrize_fixtures() -> None:
    """A rule needs no board of its own: it rests on what was measured before."""


def test_figures_keep_their_ratio(
    target_rule: tuple[Model, RatioRule],
    board: BoardChoice,
    measured_figures: dict[tuple[str, str, str], float | None],
    judge: Callable[[Finding], None],
) -> None:
    model, rule = target_rule
    values = {name: measured_figures.get((model.name, name, rule.figure)) for name in (rule.variant, rule.relative_to)}
    judge(judge_rule(model, rule, board.place, values))
