"""Is there room left on the board, and did the line behave?"""

from __future__ import annotations

from dataclasses import replace

from tinygate.board.evidence import Run
from tinygate.judge.difference import profile_sentence
from tinygate.judge.facts import fact
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged
from tinygate.verdict import Verdict


def test_the_stack_never_came_close_to_its_end(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """thresholds.stack_free_bytes."""
    if run.health.stack_bytes == 0:
        not_judged("an emulated board has no stack of a chip's task")
    free, limit = run.health.stack_min_free_bytes, variant.model.config.thresholds.stack_free_bytes
    key = f"thresholds.stack_free_bytes in {variant.model.config_path}"
    reason = f"The task that runs the model came this close to the end of its {run.health.stack_bytes} bytes; {key}."
    judge(fact(variant, board.place, "health", "stack_min_free_bytes", free, f"≥ {limit}", free >= limit, reason))


def test_no_byte_was_lost_on_the_line(run: Run, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """Records that the device rejected, and bytes that it had no room for: each must have been sent again."""
    link = run.link
    lost, repairs = link.rejected_records + link.receive_overflows, link.repairs
    reason = (
        f"The device rejected {link.rejected_records} records and lost bytes {link.receive_overflows} "
        f"times for want of room, and {repairs} were sent again"
        + ("." if lost <= repairs else ": something else is on the line; check cable, adapter and rate.")
        if lost or repairs
        else ""
    )
    passed = lost <= repairs
    finding = fact(variant, board.place, "health", "link_faults", lost, f"≤ {repairs}", passed, reason, Verdict.ERROR)
    judge(replace(finding, detail={"link": dict(run.counts)}))


def test_the_board_booted_once(run: Run, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """Reset lines on the console."""
    count = len(run.resets)
    reason = f"It reset for these reasons: {', '.join(run.resets)}." if count > 1 else ""
    finding = fact(variant, board.place, "health", "resets", count, "≤ 1", count <= 1, reason)
    judge(replace(finding, detail={"console": run.console}))


def test_every_operator_of_the_model_is_profiled(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """The profile, where the application offers one."""
    if run.profile is None:
        not_judged("the application offers no profile")
    count = len(run.profile.operators)
    reason = "" if count else "The profile names no operator: the application's profiler is not attached."
    if run.profile.ticks:
        reason = profile_sentence(run.profile.operators, run.profile.ticks)
    finding = fact(variant, board.place, "health", "profiled_operators", count, "≥ 1", count > 0, reason)
    judge(replace(finding, detail={"profile": {"operators": run.profile.operators, "ticks": run.profile.ticks}}))
