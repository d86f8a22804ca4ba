"""A build that is interrupted leaves no compiler running."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType

import pytest

from tinygate.targets.build_tool import run_build


def interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_an_interrupted_build_has_started_ends_with_it(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with (tmp_path / "log").open("wb") as log, pytest.raises(KeyboardInterrupt):
            run_build(["sh", "-c", f"sleep 60 & echo $! > '{started}'; wait"], log)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    deadline = time.monotonic() + 5
    while is_running(int(started.read_text())) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(int(started.read_text()))


def test_its_exit_code_and_its_words_are_kept(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        assert run_build(["sh", "-c", "echo $WORD >&2; exit 3"], log, {"WORD": "told"}) == 3
    assert (tmp_path / "log").read_text() == "told\n"
