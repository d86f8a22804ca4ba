"""A gate that is interrupted or killed leaves no process, no lock and no verdict that could be taken for this run's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import GONE_S, wait_until_gone

ROOT = Path(__file__).parents[3]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A gate whose target tests have begun, in a session of its own."""
    command = [sys.executable, "-u", "-c", "from tinygate.cli.main import main; main()", "gate"]
    options = ["--variant", "ptq_int8", "--report-dir", str(tmp_path / "report")]
    process = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("# target"):
            break
    time.sleep(1.5)  # a board is being flashed
    yield process
    process.communicate()


def verdict(tmp_path: Path) -> object:
    return json.loads((tmp_path / "report" / "verdict.json").read_text())["verdict"]


@pytest.mark.parametrize(
    ("send", "number", "code"),
    [(os.kill, signal.SIGTERM, 143), (os.kill, signal.SIGINT, 130), (os.killpg, signal.SIGINT, 130)],
    ids=["SIGTERM", "SIGINT to it alone", "a terminal's Ctrl-C"],
)
def test_a_signal_ends_the_run_in_order(
    gate: subprocess.Popen[str],
    tmp_path: Path,
    send: Callable[[int, int], None],
    number: signal.Signals,
    code: int,
) -> None:
    send(gate.pid, number)
    assert gate.wait(GONE_S) == code
    assert wait_until_gone(gate.pid) == []
    assert verdict(tmp_path) is None
    assert "has not ended" not in (tmp_path / "report" / "report.md").read_text()


def test_kill_9_leaves_nothing_running_and_no_verdict(gate: subprocess.Popen[str], tmp_path: Path) -> None:
    gate.kill()
    assert gate.wait(GONE_S) == -signal.SIGKILL
    assert wait_until_gone(gate.pid) == []
    assert verdict(tmp_path) is None
    assert "has not ended" in (tmp_path / "report" / "report.md").read_text()


SESSION = """
import subprocess
subprocess.run(["sleep", "60"])  # as pytest waits for a build, whose own children outlive it
"""
RUN = """
import sys
from pathlib import Path
from tinygate.gate.session import run_session
run_session([sys.executable, "-c", sys.argv[1]], Path("."))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_a_session_has_started_ends_with_it(number: signal.Signals) -> None:
    gate = subprocess.Popen([sys.executable, "-c", RUN, SESSION], start_new_session=True, stderr=subprocess.DEVNULL)
    time.sleep(1.0)
    began = time.monotonic()
    gate.send_signal(number)
    gate.wait(GONE_S)
    assert wait_until_gone(gate.pid) == []
    assert time.monotonic() - began < 5.0
