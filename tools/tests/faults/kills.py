"""Ends a process of a gate at a random moment of its run, and looks at what is left.

    gate, pytest, board, oracle   kill -9 of that process
    term, once, twice             SIGTERM of the gate; Ctrl-C of its terminal, once or twice

Whatever is ended when: no process stays, no lock is held, the journal can be read, no verdict but this run's lies there,
nothing is the model's fault, and the next gate is green.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from processes import of_session, wait_until_gone

from tinygate.store import journal

ROOT = Path(__file__).parents[3]
MARKS = {"pytest": " -m pytest ", "board": "tinygate.virtual", "oracle": "oracle/worker.py"}
KILLED = ("gate", *MARKS)
SIGNALLED = ("term", "once", "twice")
ENDS_S = 100.0
"""What a gate gets to end in, besides what it takes, after one of its processes was ended: a board may be waited for."""


@dataclass
class Tally:
    """What came of many runs: exit codes by what was ended, and what was wrong, a sentence each."""

    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Project:
    """A checkout's models folder with one small model, its own reports, locks and caches."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.report, self.whole_s = folder, folder / "report", 60.0
        self.finished: dict[Path, bytes] = {}
        shutil.copytree(ROOT / "models" / "sine", folder / "models" / "sine")
        for name in ("tests_host", "tests_target"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "conftest.py", folder)
        (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:hypothesispytest\n")

    def warm_up(self) -> None:
        """Gate twice, to fill the cache and to know how long it takes."""
        for _ in range(2):
            began = time.monotonic()
            code, said = self.ended(self.start("virtual"))
            assert code == 0, said
            self.whole_s = time.monotonic() - began
        self.finished = self.journals()

    def start(self, board: str, *options: str, cache: str = "cache", by: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start a gate in a session of its own, as a terminal would; `by` is a command that starts it."""
        command = [*by, sys.executable, "-c", "from tinygate.cli.main import main; main()", "gate", "--board", board]
        places = {"TINYGATE_CACHE": str(self.folder / cache), "TINYGATE_LOCK_DIR": str(self.folder / "locks")}
        return subprocess.Popen(
            [*command, "--variant", "ptq_int8", *options], cwd=self.folder, env=os.environ | places, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def ended(self, gate: subprocess.Popen[str]) -> tuple[int, str]:
        said, _ = gate.communicate(timeout=ENDS_S + self.whole_s)
        return gate.returncode, said

    def journals(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in self.report.glob("runs/*/journal.jsonl")}

    def verdict(self) -> object:
        return json.loads((self.report / "verdict.json").read_text())["verdict"]


def end_one(project: Project, what: str, source: random.Random) -> tuple[int, list[str]]:
    """Start a gate, end a process of it at a random moment, and return its exit code and what is wrong then."""
    cache = f"cache-{source.random()}" if what == "oracle" else "cache"
    gate = project.start("virtual", cache=cache)
    _end(gate, what, time.monotonic() + source.uniform(0.0, project.whole_s))
    try:
        code, said = project.ended(gate)
    except subprocess.TimeoutExpired:
        gate.kill()
        return -1, [f"it did not end: {list(of_session(gate.pid).values())}"]
    if what == "oracle":
        shutil.rmtree(project.folder / cache)
    return code, list(_problems(project, gate.pid, what, code, said))


def _end(gate: subprocess.Popen[str], what: str, at: float) -> None:
    """Wait for the moment, and from then on for such a process; a gate may be over before there is one."""
    while gate.poll() is None:
        victim = _victim(gate.pid, what) if time.monotonic() >= at else None
        if victim is not None:
            return _strike(victim, what)
        time.sleep(0.002)
    return None


def _victim(gate: int, what: str) -> int | None:
    if what not in MARKS:
        return gate
    return next((pid for pid, command in of_session(gate).items() if MARKS[what] in command), None)


def _strike(pid: int, what: str) -> None:
    try:
        if what in KILLED:
            os.kill(pid, signal.SIGKILL)
        elif what == "term":
            os.kill(pid, signal.SIGTERM)
        else:
            os.killpg(pid, signal.SIGINT)
            if what == "twice":
                time.sleep(0.2)
                os.killpg(pid, signal.SIGINT)
    except ProcessLookupError:
        pass


def _problems(project: Project, session: int, what: str, code: int, said: str) -> Iterator[str]:
    if left := wait_until_gone(session):
        yield f"still running: {left}"
    for path in [*project.folder.glob("locks/*"), *project.folder.glob("build/locks/*")]:
        if _is_held(path):
            yield f"{path} is still held"
    for path in project.report.glob("runs/*/journal.jsonl"):
        try:
            journal.read(path)
        except Exception as error:  # whatever it is, it is what is being looked for
            yield f"{path} cannot be read: {error}"
    if any(not path.is_file() or path.read_bytes() != content for path, content in project.finished.items()):
        yield "a journal of a finished run has changed"
    verdict = project.verdict()
    allowed = {"gate": (-9, 0), "term": (143, -15, 0), "once": (130, -2, 0), "twice": (130, -2, 0)}.get(what, (0, 2))
    if code not in allowed:
        yield f"exit code {code}, expected one of {allowed}: {said[-600:]}"
    if (verdict == "PASS") != (code == 0) and code >= 0:  # ended before its first act, it leaves an older verdict
        yield f"the verdict that lies there is {verdict}, the exit code {code}"
    if "Traceback" in said:
        yield f"a traceback: {said[said.index('Traceback') :][:1500]}"


def _is_held(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def run(project: Project, seeds: Iterable[int], kinds: tuple[str, ...]) -> Tally:
    """End a process of each kind in turn, a seed each; after each round of them the next gate must be green."""
    tally = Tally()
    if not project.finished:
        project.warm_up()
    for seed in seeds:
        what = kinds[seed % len(kinds)]
        code, wrong = end_one(project, what, random.Random(seed))
        if what == kinds[-1]:
            again, said = project.ended(project.start("virtual"))
            wrong += [] if again == 0 else [f"the next gate ended with {again}: {said[-600:]}"]
        tally.codes[what, code] += 1
        tally.wrong += [f"seed {seed} ({what}): {problem}" for problem in wrong]
        project.finished = dict(sorted(project.journals().items())[-5:])  # the gate forgets old ones
    return tally


if __name__ == "__main__":
    import tempfile

    first, last = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as name:
        made = Project(Path(name))
        for seed in range(first, last):
            found = run(made, [seed], tuple(sys.argv[3].split(",")))
            print(seed, *(f"{what} {code}" for what, code in found.codes), *found.wrong, flush=True)
