"""`tinygate gate --lab` over a real coordinator, exporter and two virtual boards that esptool flashes."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from night import held, started

from tinygate.cli.gate import _order
from tinygate.errors import InputError, LabError
from tinygate.lab.client import Agent
from tinygate.lab.doctor import BROKEN, OK, Patient
from tinygate.lab.up import Rack, VirtualBoard
from tinygate.store import journal
from tinygate.store.lab_log import LabEvent, append_event, set_aside

TINYGATE = (sys.executable, "-c", "from tinygate.cli.main import main; main()")
FREE_S = 10.0
KILLS = int(os.environ.get("TINYGATE_LAB_KILLS", "1"))


def command(project: Path, rack: Rack, *options: str) -> list[str]:
    run = [*TINYGATE, "gate", "--lab", rack.address, "--target", "esp32"]
    return [*run, f"--store={project / 'store'}", *options]


def start(project: Path, rack: Rack, labgrid: Path, *options: str) -> subprocess.Popen[bytes]:
    with (project / "out.txt").open("ab") as out:
        return subprocess.Popen(
            command(project, rack, *options), cwd=project, stdout=out, stderr=out, start_new_session=True,
            env={**os.environ, "TINYGATE_LABGRID": str(labgrid)},
        )  # fmt: skip


def awaited(board: VirtualBoard) -> None:
    """Wait until a board that was switched on has its port."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", board.port), 1.0):
            return
        time.sleep(0.1)


def test_variants_are_spread_over_places_into_one_run(project: Path, rack: Rack, labgrid: Path) -> None:
    code = start(project, rack, labgrid).wait(300)
    said = (project / "out.txt").read_text()
    assert code == 0, said
    run = next((project / "report" / "runs").iterdir())
    found = journal.read(run / "journal.jsonl")
    where = {test.subject: test.lab_place for test in found.tests if test.place}
    assert set(where) >= {"sine-float32", "sine-ptq_int8"}
    assert {place for place in where.values() if place} == {"virtual-1", "virtual-2"}
    answered = [(t.check, t.case) for t in found.tests if t.place and t.subject]
    assert len(answered) == len(set(answered)), "a test ran twice"
    suites = ET.parse(project / "report" / "junit.xml").getroot()
    assert {p.get("value") for p in suites.iter("property") if p.get("name") == "lab_place"} == set(where.values()) - {
        ""
    }
    ledger = [json.loads(line) for line in (project / "store" / "ledger.jsonl").read_text().splitlines()]
    assert {r["lab_place"] for r in ledger if r["kind"] == "measured"} == {"virtual-1", "virtual-2"}
    with Agent(labgrid, rack.address, "test-1", project / "agent.log") as agent:
        assert not held(agent)


def test_a_lab_of_slow_lines_says_so_and_is_flashed_and_streamed_at_their_rate(
    project: Path, labgrid: Path, tmp_path: Path
) -> None:
    (tmp_path / "rack").mkdir()
    with Rack(labgrid, 0, 1, tmp_path / "rack", baud=230_400) as slow, started(project, slow, labgrid) as run:
        _, said = run.communicate(timeout=120)
    assert run.returncode == 0, said
    found = journal.read(next((project / "report" / "runs").iterdir()) / "journal.jsonl")
    links = [finding.detail["link"] for finding in found.findings if finding.figure == "link_faults"]
    assert len(links) >= 2
    assert all(link.get("repairs", 0) == 0 for link in links), links  # no rate was tried that the line garbles


def run_without_coordinator(project: Path, labgrid: Path, folder: Path, when: str) -> tuple[int, float, str]:
    """Kill the coordinator for good once the run has journaled `when`; return exit code, seconds from then, and output."""
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        rack = stack.enter_context(Rack(labgrid, 0, 2, folder))
        if not when:  # every place is somebody else's, so that the run stands in line
            other = stack.enter_context(Agent(labgrid, rack.address, "other", folder / "other.log"))
            other.ask("want", places=["virtual-1", "virtual-2"])
            stack.callback(rack.keep)  # else it would try to give its places back for two minutes
            time.sleep(3)
        run = start(project, rack, labgrid, "--lab-wait=15")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and run.poll() is None:
            journals = list((project / "report" / "runs").glob("*/journal.jsonl"))
            has_begun = " passed" in (project / "out.txt").read_text()  # the host's tests are over
            if has_begun and journals and when in journals[0].read_text():
                break
            time.sleep(0.05)
        rack.servers["coordinator"].kill()
        killed_at = time.monotonic()
        try:
            return run.wait(180), time.monotonic() - killed_at, (project / "out.txt").read_text()
        finally:
            run.kill()


def test_a_run_whose_coordinator_stays_down_goes_on_at_the_places_that_it_has(
    project: Path, labgrid: Path, tmp_path: Path
) -> None:
    code, took_s, said = run_without_coordinator(project, labgrid, tmp_path / "rack", '"what": "taken"')
    print(f"exit code {code}, {took_s:.1f} s after the coordinator died\n{said}")
    found = journal.read(next((project / "report" / "runs").iterdir()) / "journal.jsonl")
    assert {test.subject for test in found.tests if test.place} >= {"sine-float32", "sine-ptq_int8"}
    assert code == 0, said


def test_a_run_that_has_no_place_when_the_coordinator_goes_for_good_is_an_error(
    project: Path, labgrid: Path, tmp_path: Path
) -> None:
    code, took_s, said = run_without_coordinator(project, labgrid, tmp_path / "rack", "")
    print(f"exit code {code}, {took_s:.1f} s after the coordinator died\n{said}")
    assert code == 2, said
    assert "sine-float32 was judged at no place: the coordinator is down, for" in said


def test_a_killed_run_holds_no_place_after_ten_seconds(project: Path, rack: Rack, labgrid: Path) -> None:
    """Killed while it connects, stands in line, flashes, streams or gives back."""
    rng, longest_s, holding = random.Random(16), 0.0, 0
    with Agent(labgrid, rack.address, "test-1", project / "agent.log") as agent:
        for _ in range(KILLS):
            with started(project, rack, labgrid) as run:
                while not (project / "report" / "runs").exists() and run.poll() is None:
                    time.sleep(0.05)
                time.sleep(rng.uniform(0, 8) if KILLS > 1 else 5)
                holding += bool(held(agent))
                os.kill(run.pid, signal.SIGKILL)
                run.wait()
            killed_at = time.monotonic()
            while held(agent) and time.monotonic() < killed_at + FREE_S:
                time.sleep(0.05)
            longest_s = max(longest_s, time.monotonic() - killed_at)
            assert not held(agent), (project / "store" / "labgrid.log").read_text()
            shutil.rmtree(project / "report")
    print(f"{KILLS} runs killed, {holding} while they held places: all free after at most {longest_s:.1f} s")
    assert holding >= KILLS // 4, "hardly any was killed while it held a place"


def test_status_shows_what_became_of_places(project: Path, rack: Rack, labgrid: Path) -> None:
    store = project / "store"
    store.mkdir()
    event = {"at": "2026-11-27T00:00:00+00:00", "run": "r", "what": "ended", "place": "virtual-1", "outcome": "ERROR",
             "reason": "no answer"}  # fmt: skip
    aside = {**event, "what": "set_aside", "until": "2999-01-01T00:00:00+00:00"}
    (store / "lab.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (event, aside)))
    shown = subprocess.run(
        [*TINYGATE, "lab", "status", "--lab", rack.address, "--store", store],
        capture_output=True, text=True, check=False, cwd=project, env={**os.environ, "TINYGATE_LABGRID": str(labgrid)},
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    first = next(line for line in shown.stdout.splitlines() if line.startswith("virtual-1"))
    assert "set aside until" in first
    assert "no answer" in first
    assert "1 of 1" in first


def test_a_lab_that_is_not_there_is_one_sentence(project: Path, labgrid: Path) -> None:
    shown = subprocess.run(
        [*TINYGATE, "gate", "--lab", "127.0.0.1:1"],
        capture_output=True, text=True, check=False, cwd=project, env={**os.environ, "TINYGATE_LABGRID": str(labgrid)},
    )  # fmt: skip
    assert shown.returncode == 2
    assert "no labgrid coordinator answers there" in shown.stderr
    assert len(shown.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("words", [([], [], "/dev/null"), (["esp32", "stm32f4"], [], None)])
def test_options_that_do_not_belong_to_a_lab_are_refused(words: tuple[list[str], list[str], str | None]) -> None:
    targets, boards, port = words
    with pytest.raises(InputError, match="lab"):
        _order("127.0.0.1:1", [], targets, boards, port, 0.0, None)


def broken(agent: Agent, place: str) -> str:
    """The link of a place that the doctor finds broken."""
    return next((link.name for link in Patient(agent, place).looks() if link.state == BROKEN), "")


def test_the_doctor_names_the_link_that_is_broken(project: Path, rack: Rack, labgrid: Path) -> None:
    board, right = rack.boards[0], rack.boards[0].mac
    with Agent(labgrid, rack.address, "doctor-1", project / "agent.log") as agent:
        whole = list(Patient(agent, board.name).looks())
        assert [link.state for link in whole[:-1]] == [OK] * 7, whole
        assert right in [link.found for link in whole]
        board.switch(False)
        assert broken(agent, board.name) == "power"
        try:
            board.mac = "02:4e:47:00:99:99"
            board.switch(True)
            awaited(board)
            assert broken(agent, board.name) == "reset, chip"
        finally:
            board.switch(False)
            board.mac = right
            board.switch(True)
            awaited(board)
        assert not held(agent)
        with pytest.raises(LabError, match="no such place; it has virtual-1, virtual-2"):
            Patient(agent, "nowhere")


def test_the_doctors_visit_puts_a_place_to_use_again(project: Path, rack: Rack, labgrid: Path) -> None:
    store, place = project / "store", rack.boards[1].name
    until = "2999-01-01T00:00:00+00:00"
    append_event(store, LabEvent("2026-11-27T00:00:00+00:00", "r", "set_aside", place, reason="it hung", until=until))
    assert set(set_aside(store)) == {place}
    visit = subprocess.run(
        [*TINYGATE, "lab", "doctor", place, "--lab", rack.address, "--store", store],
        capture_output=True, text=True, check=False, cwd=project, env={**os.environ, "TINYGATE_LABGRID": str(labgrid)},
    )  # fmt: skip
    assert visit.returncode == 0, visit.stdout + visit.stderr
    assert not set_aside(store)


def test_an_interrupted_run_ends_in_order_and_holds_nothing(project: Path, rack: Rack, labgrid: Path) -> None:
    with Agent(labgrid, rack.address, "test-1", project / "agent.log") as agent, started(project, rack, labgrid) as run:
        while not held(agent) and run.poll() is None:
            time.sleep(0.05)
        time.sleep(1)
        run.send_signal(signal.SIGINT)
        assert run.wait(40) == 1
        assert "interrupted by SIGINT; nothing was decided" in (project / "out.txt").read_text()
        assert not held(agent)
