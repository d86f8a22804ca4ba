"""`tinygate gate --lab` over a real coordinator, exporter and two virtual boards that esptool flashes."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tinygate.lab.client import Agent
from tinygate.lab.places import place_of
from tinygate.lab.up import Rack
from tinygate.store import journal
from tinygate.store.lab_log import LabEvent, events

TINYGATE = (sys.executable, "-c", "from tinygate.cli.main import main; main()")
FREE_S = 10.0
KILLS = int(os.environ.get("TINYGATE_LAB_KILLS", "2"))


def command(project: Path, rack: Rack, *options: str) -> list[str]:
    run = [*TINYGATE, "gate", "--lab", rack.address, "--target", "esp32"]
    return [*run, f"--store={project / 'store'}", *options]


def start(project: Path, rack: Rack, labgrid: Path, *options: str) -> subprocess.Popen[bytes]:
    with (project / "out.txt").open("ab") as out:
        return subprocess.Popen(
            command(project, rack, *options), cwd=project, stdout=out, stderr=out, start_new_session=True,
            env={**os.environ, "TINYGATE_LABGRID": str(labgrid)},
        )  # fmt: skip


def held(agent: Agent) -> list[str]:
    return [place.holder for place in map(place_of, agent.ask("places")) if place.holder]


def happened(project: Path) -> list[LabEvent]:
    return list(events(project / "store"))


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


def test_a_killed_run_holds_no_place_after_ten_seconds(project: Path, rack: Rack, labgrid: Path) -> None:
    rng = random.Random(16)
    with Agent(labgrid, rack.address, "test-1", project / "agent.log") as agent:
        for _ in range(KILLS):
            before = len(happened(project))
            run = start(project, rack, labgrid, "--variant=ptq_int8")
            while not any(event.what == "taken" for event in happened(project)[before:]) and run.poll() is None:
                time.sleep(0.05)
            time.sleep(rng.uniform(0, 3))
            os.kill(run.pid, signal.SIGKILL)
            run.wait()
            deadline = time.monotonic() + FREE_S
            while held(agent) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not held(agent), (project / "store" / "labgrid.log").read_text()


def test_status_shows_what_became_of_places(project: Path, rack: Rack, labgrid: Path) -> None:
    store = project / "store"
    store.mkdir()
    event = {"at": "2026-11-27T00:00:00+00:00", "run": "r", "what": "ended", "place": "virtual-1", "outcome": "ERROR"}
    aside = {**event, "what": "set_aside", "reason": "no answer", "until": "2999-01-01T00:00:00+00:00"}
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


@pytest.mark.parametrize("option", [["--port", "/dev/null"], ["--target", "esp32", "--target", "stm32f4"]])
def test_options_that_do_not_belong_to_a_lab_are_refused(option: list[str], project: Path) -> None:
    shown = subprocess.run(
        [*TINYGATE, "gate", "--lab", "127.0.0.1:1", *option],
        capture_output=True, text=True, check=False, cwd=project,
    )  # fmt: skip
    assert shown.returncode == 2
    assert "--lab" in shown.stderr or "a run in a lab" in shown.stderr


def doctor(project: Path, rack: Rack, labgrid: Path, place: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TINYGATE, "lab", "doctor", place, "--lab", rack.address, "--store", project / "store"],
        capture_output=True, text=True, check=False, cwd=project, env={**os.environ, "TINYGATE_LABGRID": str(labgrid)},
    )  # fmt: skip


def test_the_doctor_names_the_link_that_is_broken(project: Path, rack: Rack, labgrid: Path) -> None:
    board = rack.boards[0]
    whole = doctor(project, rack, labgrid, board.name)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert [line.split()[0] for line in whole.stdout.splitlines()][:8] == ["ok"] * 8, whole.stdout
    assert board.mac in whole.stdout
    board.switch(False)
    dark = doctor(project, rack, labgrid, board.name)
    board.mac = "02:4e:47:00:99:99"
    board.switch(True)
    stranger = doctor(project, rack, labgrid, board.name)
    board.switch(False)
    board.mac = "02:4e:47:00:01:01"
    board.switch(True)
    assert (dark.returncode, stranger.returncode) == (2, 2)
    assert "broken  power" in dark.stdout
    assert "broken  reset, chip" in stranger.stdout
    assert doctor(project, rack, labgrid, "nowhere").stderr.count("\n") == 1
