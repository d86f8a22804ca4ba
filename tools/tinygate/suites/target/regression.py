"""Is it worse than the baseline that the team has set? Without one nothing is judged, unless model.toml demands one."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tinygate.board.evidence import Run
from tinygate.judge.baseline import (
    Judged,
    judge_latency,
    judge_operators,
    judge_sizes,
    refusal,
    setup_of_run,
    timing_of,
)
from tinygate.model.baseline import Entry
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged, judge_all
from tinygate.plugin.measuring import Measured, held
from tinygate.plugin.once import Once
from tinygate.plugin.target import Figures
from tinygate.store.setup import Setup

NO_BASELINE = "no baseline is set here, and model.toml demands none"
NO_TIME = "the baseline holds no time of a chip"


@pytest.fixture
def measured_setup(board_run: Measured, boots: tuple[Run, ...]) -> Setup:
    """Under what this variant was measured."""
    return setup_of_run(boots[0], asdict(board_run.made_from) if board_run.made_from else {})


@pytest.fixture
def entry(
    variant: Variant, board: BoardChoice, measured_setup: Setup, judge: Judge, not_judged: SaysNotJudged, once: Once
) -> Entry:
    """The baseline that this variant is held against."""
    found = variant.model.baseline.entry(variant.name, board.place)
    refused = refusal(variant, board.place, found, measured_setup)
    if refused is not None:
        once.get(("baseline", variant.id), lambda: judge(refused))
    if found is None:
        not_judged(NO_BASELINE)
    return found


@pytest.fixture
def judged(
    entry: Entry,
    measured_setup: Setup,
    board_run: Measured,
    board: BoardChoice,
    variant: Variant,
    not_judged: SaysNotJudged,
    pytestconfig: pytest.Config,
) -> Judged:
    """The boots of this variant beside the baseline's."""
    first = timing_of(board_run.boots)
    demanded = board.place in variant.model.config.baseline.required_at
    if not entry.timed and not (demanded and first.latency_us):
        not_judged(NO_TIME)
    fresh = timing_of(board_run.fresh) if board_run.fresh else None
    return Judged(entry, first, fresh, held(pytestconfig, board, variant).timed, measured_setup)


def test_no_size_has_grown_since_the_baseline(
    entry: Entry, measured_setup: Setup, variant: Variant, board: BoardChoice, measured_figures: Figures, judge: Judge
) -> None:
    """Arena, flash and RAM, exactly."""
    values = {name: measured_figures.get((variant.model.name, variant.name, name)) for name in entry.figures}
    judge_all(judge, judge_sizes(variant, board.place, entry, values, measured_setup.parts))


def test_latency_is_that_of_the_baseline(judged: Judged, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """The median, over boots."""
    judge(judge_latency(variant, board.place, judged))


def test_no_operator_is_slower_than_in_the_baseline(
    judged: Judged, variant: Variant, board: BoardChoice, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """Ticks of each operator, over boots."""
    if not judged.entry.ticks:
        not_judged("the baseline holds no profile")
    judge_all(judge, judge_operators(variant, board.place, judged))
