"""Who answered: the chip, firmware and model that were asked for, in this session and no other."""

import pytest

from tinygate.board.evidence import Run
from tinygate.board.log import BootLog
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice


def test_the_chip_asked_for_answers(run: Run, board: BoardChoice) -> None:
    assert run.hello.target == board.target


def test_it_runs_the_firmware_that_was_built_for_this_variant(run: Run) -> None:
    assert run.hello.app_sha256 == run.expected.app_sha256


def test_it_carries_the_pinned_model(run: Run, variant: Variant) -> None:
    assert (run.hello.model_sha256, run.hello.model_bytes) == (variant.sha256, len(variant.content))


def test_it_says_whether_it_is_a_chip(run: Run, board: BoardChoice) -> None:
    assert (run.hello.emulated != "none") == board.emulated


def test_esptool_verified_what_it_flashed(run: Run, board: BoardChoice, boot_log: BootLog) -> None:
    if board.board not in ("virtual", "serial"):
        pytest.skip("this board runs its image without being flashed")
    assert "Hash of data verified." in boot_log.tool.read_text(encoding="utf-8")
