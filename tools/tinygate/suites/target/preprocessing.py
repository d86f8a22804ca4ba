"""Does the board make of raw windows what the host makes of them, over the whole test set?"""

from __future__ import annotations

from tinygate.board.evidence import Run
from tinygate.judge.described import undescribed
from tinygate.judge.oracle import run_oracle
from tinygate.judge.preprocessing import host_of, judge_preprocessing
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged


def test_the_input_made_of_raw_windows_is_the_hosts(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """Every code of every window, or within [preprocessing] max_lsb."""
    reason = undescribed(variant.model.dataset)
    if reason:
        not_judged(reason)
    oracle = run_oracle(variant)
    judge(judge_preprocessing(variant, board.place, run, oracle, host_of(variant, oracle)))
