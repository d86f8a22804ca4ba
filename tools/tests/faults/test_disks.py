"""Disks that fill up in the middle of a run, files that may not grow, folders that may not be written.

Each is the lab's: a sentence, the right exit code, no traceback, nothing half-written that reads as a verdict, and the
next run works.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kills import Project

from tinygate.store import journal

ALL = bool(os.environ.get("TINYGATE_FAULT_SCHEDULES"))
NOBODY = 65534
AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
)  # fmt: skip
"""May read what root may, as the interpreter may lie in root's home, and write nothing but its own."""
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to be somebody else, and setpriv"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = Project(tmp_path_factory.mktemp("project"))
    yield made
    code, said = made.ended(made.start("virtual"))
    assert code == 0, said  # whatever came before


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("needs to mount a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path, leave_bytes: int) -> None:
    with contextlib.suppress(OSError), (folder / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    with (folder / "filler").open("r+b") as filler:
        filler.truncate(max(0, filler.seek(0, os.SEEK_END) - leave_bytes))


def assert_the_lab_is_blamed(project: Project, code: int, said: str) -> None:
    assert code == 2, said
    assert "Traceback" not in said, said
    assert any(line.startswith(("tinygate: ", "ERROR: ")) and line.count(": ") > 1 for line in said.splitlines()), said
    assert json.loads((project.report / "verdict.json").read_text())["verdict"] != "PASS"
    for path in project.report.glob("runs/*/journal.jsonl"):
        assert journal.read(path).notices == ()


@needs_root
@pytest.mark.parametrize("leave_bytes", [0, 8192] if ALL else [8192])
@pytest.mark.parametrize("name", ["report", "build"] if ALL else ["report"])
def test_a_disk_that_fills_up_is_the_labs(name: str, leave_bytes: int, project: Project) -> None:
    with small_disk(project.folder / name):
        gate = project.start("virtual")
        while not list(project.report.glob("runs/*/journal.jsonl")) and gate.poll() is None:
            time.sleep(0.01)
        fill(project.folder / name, leave_bytes)
        assert_the_lab_is_blamed(project, *project.ended(gate))


@needs_root
def test_a_cache_on_a_full_disk_costs_time_and_nothing_else(project: Project) -> None:
    with small_disk(project.folder / "full"):
        fill(project.folder / "full", 0)
        code, said = project.ended(project.start("virtual", cache="full"))
        assert code == 0, said
        assert [path.name for path in (project.folder / "full").rglob("*") if path.is_file()] == ["filler"]


def test_a_file_that_may_not_grow_is_the_labs(project: Project) -> None:
    gate = project.start("virtual", by=("bash", "-c", 'ulimit -f 24; exec "$0" "$@"'))
    code, said = project.ended(gate)
    assert_the_lab_is_blamed(project, code, said)
    assert "ulimit -f" in said


@needs_root
@pytest.mark.parametrize(
    ("name", "code"), [("report", 2), ("build", 2), (".", 2), ("models", 0), ("cache", 0)] if ALL else [("build", 2)]
)
def test_folders_of_somebody_else_are_the_labs(name: str, code: int, project: Project) -> None:
    given_to(project.folder, NOBODY)
    (project.folder / name).mkdir(exist_ok=True)
    given_to(project.folder / name, 0)
    try:
        found, said = project.ended(project.start("virtual", by=AS_NOBODY))
    finally:
        given_to(project.folder, 0)
    assert found == code, said
    assert "Traceback" not in said
    assert code == 0 or "Permission denied" in said


@needs_root
def test_a_checkout_that_may_not_be_written_can_be_judged_elsewhere(project: Project, tmp_path: Path) -> None:
    given_to(tmp_path, NOBODY)
    options = (f"--report-dir={tmp_path / 'report'}", f"--build-root={tmp_path / 'build'}")
    gate = project.start("virtual", *options, by=AS_NOBODY, cache=str(tmp_path / "cache"))
    code, said = project.ended(gate)
    assert code == 0, said


def given_to(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user)
