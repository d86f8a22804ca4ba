"""Steps are made once, in order, several at a time; whoever is interrupted goes on where the last proof was written."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tinygate.study.steps import Event, Step, Workshop, is_made, keys_of

# A step that writes into a log when it starts and when it is done, takes a while, and joins what it needs.
WORK = """
import os, sys, threading, time
from pathlib import Path
def wait():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=wait, daemon=True).start()
log, output, seconds, *needs = sys.argv[1:]
def note(what):
    with open(log, "a") as file: file.write(f"{what} {Path(output).name.split('-')[0]}\\n")
note("started")
print("1/2", flush=True)
time.sleep(float(seconds))
Path(output).write_text("".join(Path(need).read_text() for need in needs) + Path(output).name.split("-")[0])
note("done")
"""


def step(name: str, log: Path, needs: tuple[str, ...] = (), seconds: float = 0.0, told: str = "") -> Step:
    def command(files: Mapping[str, Path], output: Path) -> Sequence[str]:
        return (sys.executable, "-S", "-c", WORK, str(log), str(output), str(seconds), *map(str, files.values()))

    return Step(name, (told,), needs, ".txt", command)


def broken(name: str) -> Step:
    script = "import sys; print('first', file=sys.stderr); print('the reason', file=sys.stderr); sys.exit(2)"
    return Step(name, (), (), ".txt", lambda _, __: (sys.executable, "-S", "-c", script))


def chain(log: Path, seconds: float = 0.0) -> list[Step]:
    return [step("a", log, seconds=seconds), step("b", log, ("a",), seconds), step("c", log, ("a", "b"), seconds)]


def done(log: Path) -> Counter[str]:
    lines = log.read_text().split("\n") if log.exists() else []
    return Counter(line.removeprefix("done ") for line in lines if line.startswith("done "))


def test_each_step_finds_what_it_needs(tmp_path: Path) -> None:
    made = Workshop(tmp_path / "store").make(chain(tmp_path / "log"))
    assert made["c"].read_text() == "aabc"


def test_what_is_made_is_not_made_again(tmp_path: Path) -> None:
    events: list[Event] = []
    for _ in range(2):
        Workshop(tmp_path / "store", events.append).make(chain(tmp_path / "log"))
    assert done(tmp_path / "log") == {"a": 1, "b": 1, "c": 1}
    assert [event.kind for event in events[-4:]] == ["planned", "kept", "kept", "kept"]
    assert Event("a", "progress", 1, 2) in events


def test_what_changes_is_made_again_with_all_that_rests_on_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    Workshop(tmp_path / "store").make(chain(log))
    changed = [step("a", log), step("b", log, ("a",), told="other"), step("c", log, ("a", "b"))]
    Workshop(tmp_path / "store").make(changed)
    assert done(log) == {"a": 1, "b": 2, "c": 2}


def test_keys_tell_apart_what_looks_alike_when_joined() -> None:
    keys = keys_of([Step("a", ("bc",)), Step("ab", ("c",)), Step("a ", ("bc",))])
    assert len(set(keys.values())) == 3


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    made = Workshop(tmp_path / "store").make(chain(log))
    made["b"].write_text("damaged")
    assert not is_made(made["b"])
    assert Workshop(tmp_path / "store").make(chain(log))["c"].read_text() == "aabc"
    assert done(log) == {"a": 1, "b": 2, "c": 1}


def test_a_result_without_its_proof_is_none(tmp_path: Path) -> None:
    made = Workshop(tmp_path / "store").make(chain(tmp_path / "log"))
    made["c"].with_name(made["c"].name + ".sha256").unlink()
    Workshop(tmp_path / "store").make(chain(tmp_path / "log"))
    assert done(tmp_path / "log")["c"] == 2


def test_a_file_that_is_there_is_taken(tmp_path: Path) -> None:
    (tmp_path / "pinned").write_text("pinned ")
    pinned = Step("p", ("its hash",), file=tmp_path / "pinned")
    made = Workshop(tmp_path / "store").make([pinned, step("q", tmp_path / "log", ("p",))])
    assert made["q"].read_text() == "pinned q"


def test_a_failure_is_told_with_its_reason_and_stops_only_what_rests_on_it(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "store")
    log = tmp_path / "log"
    made = workshop.make([broken("x"), step("y", log, ("x",)), step("z", log, ("y",)), step("a", log)])
    assert list(made) == ["a"]
    assert workshop.failures["x"] == "the reason"
    assert workshop.failures["y"] == "x could not be made: the reason"
    assert workshop.failures.keys() == {"x", "y", "z"}


def test_a_step_that_makes_nothing_has_failed(tmp_path: Path) -> None:
    workshop = Workshop(tmp_path / "store")
    assert workshop.make([Step("n", (), (), ".txt", lambda _, __: (sys.executable, "-S", "-c", ""))]) == {}
    assert "exit code 0" in workshop.failures["n"]


def test_steps_run_at_the_same_time(tmp_path: Path) -> None:
    log = tmp_path / "log"
    Workshop(tmp_path / "store", workers=2).make([step(name, log, seconds=0.5) for name in "pq"])
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["started", "started", "done", "done"]


def test_no_process_outlives_an_exception(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def listen(event: Event) -> None:
        if event.kind == "started":
            started = time.monotonic()
            while not log.exists() and time.monotonic() - started < 20:
                time.sleep(0.01)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Workshop(tmp_path / "store", listen).make([step("slow", log, seconds=30)])
    time.sleep(0.2)
    assert done(log) == {}


STUDY = """
import sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from test_steps import many
from tinygate.study.steps import Workshop
Workshop(Path(sys.argv[1]), workers=2).make(many(Path(sys.argv[2])))
"""


def many(log: Path) -> list[Step]:
    """Twelve steps of a tenth of a second each, six of which need the other six."""
    first = [step(f"f{i}", log, seconds=0.1) for i in range(6)]
    return [*first, *(step(f"s{i}", log, (f"f{i}", f"f{(i + 1) % 6}"), 0.1) for i in range(6))]


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_interrupted_at_ten_random_moments_nothing_finished_is_made_again(tmp_path: Path, signal_number: int) -> None:
    log, store = tmp_path / "log", tmp_path / "store"
    command = [sys.executable, "-c", STUDY, str(store), str(log), *sys.path]
    moments = random.Random(signal_number)
    finished: dict[str, int] = {}
    for _ in range(10):
        before = log.read_text() if log.exists() else ""
        run = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while run.poll() is None and (not log.exists() or log.read_text() == before):
            time.sleep(0.01)
        time.sleep(moments.uniform(0.0, 0.4))
        run.send_signal(signal_number)  # nothing to one that has ended
        run.wait()
        time.sleep(0.1)  # what it left must have noticed by now
        counts = done(log)
        assert all(counts[name] == count for name, count in finished.items())
        finished = {path.name.split("-")[0]: counts[path.name.split("-")[0]] for path in store.glob("*.sha256")}
    subprocess.run(command, check=True)
    assert all(done(log)[name] == count for name, count in finished.items())
    assert len(list(store.glob("*.sha256"))) == 12
