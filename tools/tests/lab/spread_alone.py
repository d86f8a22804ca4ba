"""The target tests of a run over a lab, without the host's: `python spread_alone.py HOST:PORT`, in a project's folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tinygate.gate.nightly import Device, GateRun
from tinygate.lab.gate import LabOrder, lab_of
from tinygate.model.selection import select


def main(address: str) -> None:
    root = Path.cwd()
    order = LabOrder(address, "esp32", None, {}, 60.0, root / "build")
    run = GateRun(root, root / "report", (Device("esp32", "virtual"),), store=root / "store")
    run.folder.mkdir(parents=True)
    with lab_of(order, run.run_id, root, run.store) as (_, spread):
        spread(run, select(run.models_root, (), ()))


if __name__ == "__main__":
    main(sys.argv[1])
