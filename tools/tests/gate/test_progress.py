"""Progress: in words with time left, never in the way of a session, never on standard output that is no terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import threading

import pytest

from tinygate.gate import progress
from tinygate.gate.progress import TESTS, Display, Progress, Step

SAYS = (
    "import os, sys, time; fd = int(sys.argv[-1].split('=')[1]); print('a line', flush=True);"
    'os.write(fd, b\'["", 3, 9, "tests", 0]\\n["streaming m:", 5, 8, "windows", 100]\\n\'); time.sleep(1.2); print(\'the end\')'
)
SESSION = (
    "import sys; from pathlib import Path; from tinygate.gate import progress; from tinygate.gate.session import run_session;"
    f"progress.EVERY_S = 0.3; sys.exit(run_session([sys.executable, '-c', {SAYS!r}], Path('.'), 'target'))"
)


@pytest.mark.parametrize(
    ("step", "elapsed_s", "text"),
    [
        (Step("building m"), 0.2, "building m"),
        (Step("building m"), 41.0, "building m, for 41 s"),
        (Step("", 57, 143, TESTS), 0.1, "57 of 143 tests"),
        (Step("streaming m:", 500, 1500, "windows", 31), 2.0, "streaming m: 500 of 1,500 windows, 15,500 of 46,500 bytes, about 4 s left"),
        (Step("streaming m:", 10, 1500, "windows", 31), 2.0, "streaming m: 10 of 1,500 windows, 310 of 46,500 bytes"),
        (Step("streaming m:", 150, 1500, "windows"), 60.0, "streaming m: 150 of 1,500 windows, about 9 min left"),
    ],
)  # fmt: skip
def test_a_step_is_told_in_words_with_what_is_left(step: Step, elapsed_s: float, text: str) -> None:
    assert step.text(elapsed_s) == text


def test_the_next_test_ends_the_step_of_the_one_before() -> None:
    display = Display("target")
    display.take(b'["", 3, 9, "tests", 0]')
    display.take(b'["building m", 0, 0, "", 0]')
    assert display.text() == "target: 3 of 9 tests; building m"
    display.take(b'["", 4, 9, "tests", 0]')
    assert display.text() == "target: 4 of 9 tests"


@pytest.mark.parametrize("line", [b"", b"{", b"7", b"[1, 2, 3, 4, 5, 6]", b"\xff\xfe"])
def test_what_is_no_step_changes_nothing(line: bytes) -> None:
    display = Display("host")
    display.take(line)
    assert display.text() == "host: collecting tests"


def test_a_pipe_that_nobody_reads_holds_up_no_session() -> None:
    reader, writer = os.pipe()
    says = Progress(writer)
    flood = threading.Thread(target=lambda: [says.say(Step(f"step {n}")) for n in range(20_000)], daemon=True)
    flood.start()
    flood.join(20)
    assert not flood.is_alive()
    os.close(reader)
    says.say(Step("after the reader has gone"))
    os.close(writer)


def test_a_flood_of_one_step_is_thinned_and_its_end_is_told() -> None:
    reader, writer = os.pipe()
    says = Progress(writer)
    for number in range(1, 1001):
        says.say(Step("streaming m:", number, 1000, "windows"))
    os.close(writer)
    with os.fdopen(reader) as lines:
        told = [json.loads(line)[1] for line in lines]
    assert len(told) < 500
    assert told[-1] == 1000


def test_without_a_listener_nothing_is_said() -> None:
    Progress(None).say(Step("building m"))


@pytest.mark.parametrize("environment", [{}, {"FORCE_COLOR": "1"}])
def test_without_a_terminal_there_are_plain_lines_on_standard_error_only(environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", SESSION]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert run.stdout == "a line\nthe end\n"
    lines = run.stderr.splitlines()
    assert lines
    assert all(line.startswith("tinygate: target: ") for line in lines)
    assert any("3 of 9 tests; streaming m: 5 of 8 windows, 500 of 800 bytes" in line for line in lines)


def test_on_a_terminal_output_stands_above_one_line_that_is_gone_at_the_end() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SESSION], stdout=theirs, stderr=theirs, env=os.environ | {"TERM": "xterm"}
    )
    os.close(theirs)
    shown = read_all(ours)
    assert process.wait() == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "target: 3 of 9 tests; streaming m: 5 of 8 windows" in plain
    assert re.search(r"a line\s*\r?\n", plain)
    assert shown.rstrip().endswith("\x1b[?25h") or "\x1b[2K" in shown[-40:]


def read_all(fd: int) -> str:
    found = b""
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:  # the other end has gone
            break
        if not data:
            break
        found += data
    return found.decode("utf-8", "replace")


def test_plain_lines_come_at_least_every_ten_seconds() -> None:
    assert progress.EVERY_S <= 10
