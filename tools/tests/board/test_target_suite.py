"""The target suite as a user starts it: what needs a board, in which order, and what is not green."""

import os
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[3]


def target_suite(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "tests_target", "-q", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in ("ESPPORT", "IDF_PATH")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_no_board_is_a_usage_error_that_lists_the_choices() -> None:
    done = target_suite("--target", "esp32")
    assert done.returncode == 4
    assert "--board virtual" in done.stderr
    assert "--board serial" in done.stderr


def test_tests_are_grouped_by_firmware_and_ask_who_it_is_first() -> None:
    lines = [line for line in target_suite("--collect-only").stdout.splitlines() if "[" in line]
    firmware = [line.split("[")[1] for line in lines if "TestRules" not in line]
    assert len(list(groupby(firmware))) == len(set(firmware)) > 0
    assert "test_the_chip_asked_for_answers" in lines[0]
    assert "TestRules" in lines[-1]


def test_a_suite_that_judged_nothing_is_not_green() -> None:
    done = target_suite("--board", "virtual", "-k", "latency and qat_int8 and not TestRules")
    assert (done.returncode, "skipped" in done.stdout, "passed" in done.stdout) == (5, True, False), done.stdout


def test_firmware_that_cannot_be_built_fails_once_per_variant(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models" / "gesture", tmp_path / "never_built")
    done = target_suite(
        "--board", "qemu", "--skip-build", "-k", "float32 and (chip or pinned)", f"--models-root={tmp_path}"
    )
    assert (done.returncode, done.stdout.count("ERROR at setup")) == (1, 1), done.stdout
    assert "no firmware there" in done.stdout
