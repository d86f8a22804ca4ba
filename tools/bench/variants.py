"""What a gate of several variants moves and takes: a model's whole test set, as runs on a board send it.

Each variant is measured as a gate does it (hello, rate, windows, bench, profile, health), on a virtual board whose
flash outlives them and whose line carries as much as the rate says. Flashing is not counted.

    python -m tools.bench.variants [--model models/gesture] [--baud 115200 3000000] [--noise 0 1e-4]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from tinygate.board import line
from tinygate.board.deadlines import Deadlines
from tinygate.board.evidence import Plan
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog
from tinygate.board.port import SerialPort, use_fast_rfc2217
from tinygate.board.run import measure
from tinygate.board.shared_set import SharedSet
from tinygate.judge.described import board_split
from tinygate.judge.oracle import run_board_oracle
from tinygate.judge.preprocessing import raw_plan
from tinygate.model.evaluation import real_windows
from tinygate.model.folder import Variant, load_model
from tinygate.preprocessing.description import is_described
from tinygate.preprocessing.source import preprocessing_of
from tinygate.targets.esp32.virtual_build import build_virtual_app

from .transfer import BOOT_BAUD, device

BAUDS = (115_200, 3_000_000)


class CountingPort(SerialPort):
    """Counts bytes both ways."""

    moved = 0

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self.moved += len(data)
        super().write(data)

    def read_available(self, deadline: float) -> bytes:
        """Return what came."""
        data = super().read_available(deadline)
        self.moved += len(data)
        return data


def plan_of(variant: Variant, shared_by: int) -> Plan:
    """Return what a gate of `shared_by` variants measures of one."""
    oracle = run_board_oracle(variant)
    content = real_windows(oracle.tflite, board_split(variant.model), variant.name) or b""
    sizes = [
        sum(tensor.nbytes for tensor in run_board_oracle(other).fed) for other in variant.model.target_variants
    ]  # what the others are sent without a set
    shared = SharedSet(content, sum(sizes)) if content and shared_by > 1 else None
    return Plan(oracle.fed, resets=oracle.resets, shared=shared, raw=raw_plan(variant, oracle, shared_by))


def measured(variant: Variant, shared_by: int, folder: Path, noise: float) -> tuple[int, int, float]:
    """Return the bytes that a variant moved, what was sent again, and how long it took."""
    preprocessing = b""
    if is_described(variant.model.dataset.preprocessing):
        constants, header = preprocessing_of(variant.path)
        preprocessing = json.dumps({"header": header, "described": constants}).encode()
    built = build_virtual_app(variant.content, variant.name, folder, preprocessing=preprocessing)
    image, flash = built.folder / "tinygate.bin", folder / "flash.bin"
    command = ["tinygate.virtual", "--baud-limit", "client", "--flash-file", str(flash), "--image", str(image)]
    command += ["--noise", str(noise)] if noise else []
    plan, log = plan_of(variant, shared_by), BootLog(folder / "console.log", folder / "tool.log")
    log.begin()
    with device(command, BOOT_BAUD) as opened:
        port = CountingPort(opened, log)
        began = time.monotonic()
        run = measure(port, Expected("esp32", "virtual", None, variant.sha256), plan, Deadlines(quiet_s=0.0))
        if any(
            (a != b).any() for a, b in zip(run.outputs, run_board_oracle(variant).reference.all_outputs, strict=True)
        ):
            raise SystemExit(f"{variant.id}: the board's outputs are not the oracle's")
        return port.moved, run.counts.get("repairs", 0), time.monotonic() - began


def main() -> int:
    """Print each variant's figures, and their sum, at each rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=Path("models/gesture"))
    parser.add_argument("--baud", type=int, nargs="+", default=BAUDS, help="the fastest rate that the host asks for")
    parser.add_argument("--noise", type=float, nargs="+", default=(0.0,), help="chance per byte to be altered or lost")
    options = parser.parse_args()
    use_fast_rfc2217()
    rates, model = line.RATES, load_model(options.model.absolute())
    for baud, noise in product(options.baud, options.noise):
        line.RATES = tuple(rate for rate in rates if rate <= baud)
        print(f"{options.model} at {baud} baud" + (f", of {noise:g} of all bytes altered or lost" if noise else ""))
        with tempfile.TemporaryDirectory() as folder:
            found = {
                v.name: measured(v, len(model.target_variants), Path(folder), noise) for v in model.target_variants
            }
        found["all"] = tuple(map(sum, zip(*found.values(), strict=True)))
        for name, (moved, repairs, wall_s) in found.items():
            print(f"  {name:24}{moved:12,} bytes {wall_s:8.1f} s {repairs:6} times sent again", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
