"""Who answered: the chip, firmware and model that were asked for, in this session and no other."""

from __future__ import annotations

from tinygate.board.evidence import Run
from tinygate.board.log import BootLog
from tinygate.judge.facts import fact
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge, SaysNotJudged
from tinygate.verdict import Finding, Verdict

_FLASH_AGAIN = "Nothing of this run counts: flash it again, and check which board is on the port."


def _identity(variant: Variant, board: BoardChoice, figure: str, found: str, wanted: str) -> Finding:
    same = found == wanted
    reason = "" if same else _FLASH_AGAIN
    return fact(variant, board.place, "identity", figure, found, wanted, same, reason, Verdict.ERROR)


def test_the_chip_asked_for_answers(run: Run, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """hello.target."""
    judge(_identity(variant, board, "chip", run.hello.target, board.target))


def test_it_runs_the_firmware_that_was_built_for_this_variant(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge
) -> None:
    """The hash that the application reports of itself."""
    wanted = str(run.expected.app_sha256)
    judge(_identity(variant, board, "application", run.hello.app_sha256[:16], wanted[:16]))


def test_it_carries_the_pinned_model(run: Run, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """Hash and size of the model in the application."""
    found = f"{run.hello.model_sha256[:16]}, {run.hello.model_bytes} bytes"
    judge(_identity(variant, board, "model", found, f"{variant.sha256[:16]}, {len(variant.content)} bytes"))


def test_it_says_whether_it_is_a_chip(run: Run, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """hello.emulated."""
    judge(_identity(variant, board, "emulation", run.hello.emulated, board.kind.emulation))


def test_what_was_flashed_was_verified(
    run: Run, variant: Variant, board: BoardChoice, boot_log: BootLog, judge: Judge, not_judged: SaysNotJudged
) -> None:
    """The flashing tool has read back what it wrote."""
    if not board.kind.flashes:
        not_judged("this board runs its image without being flashed")
    said = board.family.flash_verified
    found = said in boot_log.tool.read_text(encoding="utf-8", errors="replace")
    reason = "" if found else f"{boot_log.tool} does not say so: flash it again."
    value, limit = "verified" if found else "not verified", f'"{said}"'
    judge(fact(variant, board.place, "identity", "flash", value, limit, found, reason, Verdict.ERROR))
