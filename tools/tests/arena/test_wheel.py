"""The predictor against TensorFlow Lite Micro itself: the 64-bit wheel, on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import small_models

from tinygate.arena import predict
from tinygate.flatbuffer import TfliteModel, read_model
from tinygate.flatbuffer.writer import write_model
from tinygate.reference.oracle import tflm_is_installed

ARTIFACTS = sorted((Path(__file__).parents[3] / "models").glob("*/artifacts/*.tflite"))
RUNNABLE = [path for path in ARTIFACTS if path.stem != "dynamic_range"]  # which TFLM refuses
MADE = {
    "chain": small_models.relu_chain(100, 200, 50),
    "convolution": small_models.convolution(),
    "int4": small_models.convolution(weights="int4"),
    "dense": small_models.dense(per_channel=True),
    "branches": small_models.branching(),
    "variables": small_models.stateful(),
    "state": small_models.keeping_state(),
    "offline": small_models.planned_offline(160, 0, -1),
}
pytestmark = pytest.mark.skipif(not tflm_is_installed(), reason="no TFLM wheel for this machine")

_PROGRAM = """
import sys
from tflite_micro.python.tflite_micro import runtime
interpreter = runtime.Interpreter.from_bytes(
    open(sys.argv[1], "rb").read(), arena_size=int(sys.argv[2]))
interpreter.print_allocations()
"""


def allocate(path: Path, arena_bytes: int) -> dict[str, int]:
    """What the wheel says of its arena: total, head and tail; nothing if it could not allocate or died of it."""
    command = [sys.executable, "-c", _PROGRAM, str(path), str(arena_bytes)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", run.stdout + run.stderr)
    return {name: int(size) for name, size in found} if run.returncode == 0 else {}


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_head_and_total_are_those_of_the_wheel(path: Path) -> None:
    prediction = predict(read_model(path.read_bytes()), "wheel64")
    recorded = allocate(path, 1 << 20)
    assert (prediction.head_bytes, prediction.used_bytes) == (recorded["head"], recorded["total"])


@pytest.mark.parametrize("name", MADE)
def test_every_kind_of_model_takes_what_the_wheel_says(name: str, tmp_path: Path) -> None:
    recorded = _of(MADE[name], tmp_path, 1 << 20)
    prediction = predict(MADE[name], "wheel64")
    assert (prediction.head_bytes, prediction.used_bytes) == (recorded["head"], recorded["total"])


@pytest.mark.parametrize("name", ["chain", "convolution", "branches", "state"])
def test_the_minimum_works_and_sixteen_bytes_less_do_not(name: str, tmp_path: Path) -> None:
    minimum = predict(MADE[name], "wheel64").minimum_bytes
    assert _of(MADE[name], tmp_path, minimum)
    assert not _of(MADE[name], tmp_path, minimum - 16)


def _of(model: TfliteModel, folder: Path, arena_bytes: int) -> dict[str, int]:
    path = folder / "model.tflite"
    path.write_bytes(write_model(model))
    return allocate(path, arena_bytes)
