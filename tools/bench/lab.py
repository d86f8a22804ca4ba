"""How much of many boards' time a lab uses: jobs on one board, then as many more on N boards, at the speed of the wire.

    python -m tools.bench.lab --boards 32 --baud 115200 --variant ptq_int8

Every board gets `--jobs` jobs: one board alone does that many, all boards together N times as many, over one
coordinator on this machine. The ratio of both rates is the throughput in times of one board; N is linear. The verdicts
of the N boards are then compared with those of one board that does all jobs one after the other, without a limit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tinygate.gate.nightly import Device, GateRun
from tinygate.lab.client import labgrid_python
from tinygate.lab.gate import LabOrder, lab_of
from tinygate.lab.up import Rack
from tinygate.model.selection import select
from tinygate.store import journal

ROOT = Path(__file__).parents[2]
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Done:
    """A run over a rack: its wall time, processor time of boards and of all else, and what it found."""

    wall_s: float
    boards_cpu_s: float
    jobs_cpu_s: float
    records: list[tuple[object, ...]]


def project_of(folder: Path, model: str, variant: str, count: int) -> None:
    """Make a project of copies of a model, of which one variant is judged."""
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "tests_target", folder / "tests_target")
    for number in range(count):
        shutil.copytree(ROOT / "models" / model, folder / "models" / f"{model}{number:02}")


def spread(folder: Path, python: Path, boards: int, baud: int | None, models: int, variant: str) -> Done:
    """Judge the first models of a project over a rack, without the host's tests."""
    os.environ["TINYGATE_LABGRID"] = str(python)
    (folder / f"rack-{boards}-{baud}").mkdir()
    with Rack(python, 0, boards, folder / f"rack-{boards}-{baud}", baud=baud) as rack:
        run = GateRun(
            folder,
            folder / f"report-{boards}-{baud}",
            (Device("esp32", "virtual"),),
            store=folder / "store",
        )
        run.folder.mkdir(parents=True)
        names = sorted(path.name for path in (folder / "models").iterdir())[:models]
        order = LabOrder(rack.address, "esp32", None, {}, 600.0, folder / "build")
        with lab_of(order, run.run_id, folder, run.store) as (_, over_places):
            time.sleep(10.0)  # jobs are forked from a process that imports meanwhile
            before, began = _cpu_s(rack), time.monotonic()
            files = over_places(run, select(folder / "models", names, [variant]))
            wall_s, cpu_s = time.monotonic() - began, _cpu_s(rack) - before
    assert len(files) >= models
    outputs = (run.folder / "lab").glob("*/output.txt")
    jobs_cpu_s = sum(float(path.read_text().strip().splitlines()[-1].split()[0]) for path in outputs)
    return Done(wall_s, cpu_s, jobs_cpu_s, _told(run.journal_path))


def _cpu_s(rack: Rack) -> float:
    """Return the processor time of boards and of what runs on them, so far."""
    mine = {str(board.process.pid) for board in rack.boards if board.process is not None}
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if path.parent.name in mine or fields[1] in mine:
            ticks += sum(map(int, fields[11:15] if path.parent.name in mine else fields[11:13]))
    return ticks / _TICKS_PER_S


def _told(path: Path) -> list[tuple[object, ...]]:
    """Return what a journal decided, without places of the lab and times."""
    found = journal.read(path)
    findings = [(f.model, f.variant, f.place, f.check, f.figure, f.value, f.limit, f.verdict, f.reason, f.note)
                for f in found.findings]  # fmt: skip
    tests = [(t.node_id, t.subject, t.verdict, t.message, t.judged, t.excused, t.place) for t in found.tests]
    return [*findings, *tests]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boards", type=int, default=32)
    parser.add_argument("--baud", type=int, default=115200)
    parser.add_argument("--jobs", type=int, default=1, help="of each board")
    parser.add_argument("--model", default="gesture")
    parser.add_argument("--variant", default="ptq_int8")
    options = parser.parse_args()
    python, count = labgrid_python(ROOT), options.boards * options.jobs
    with tempfile.TemporaryDirectory(prefix="lab-bench-") as name:
        folder = Path(name)
        project_of(folder, options.model, options.variant, count)
        os.chdir(folder)
        alone = spread(folder, python, 1, options.baud, options.jobs, options.variant)
        print(f"1 board, {options.jobs} jobs: {alone.wall_s:.1f} s", flush=True)
        many = spread(folder, python, options.boards, options.baud, count, options.variant)
        ratio = options.boards * alone.wall_s / many.wall_s
        print(f"{options.boards} boards, {count} jobs: {many.wall_s:.1f} s: {ratio:.1f} times one board, "
              f"{ratio / options.boards:.2f} of linear", flush=True)  # fmt: skip
        print(f"processor time per job: {many.jobs_cpu_s / count:.2f} s, its board {many.boards_cpu_s / count:.2f} s")
        one = spread(folder, python, 1, None, count, options.variant)
        same = sum(left == right for left, right in zip(one.records, many.records, strict=False))
        print(f"one board, one job after the other, no limit: {one.wall_s:.1f} s; records that are the same: {same} of "
              f"{len(one.records)} and {len(many.records)}")  # fmt: skip


if __name__ == "__main__":
    main()
