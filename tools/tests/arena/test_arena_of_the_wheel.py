"""The predictor against TensorFlow Lite Micro itself: the 64-bit wheel, on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import small_models
from single_operators import looping, single_operators
from tflite_writer import write_model

from tinygate.arena import predict
from tinygate.oracle.oracle import tflm_is_installed
from tinygate.tflite import read_model

ARTIFACTS = sorted((Path(__file__).parents[3] / "models").glob("*/artifacts/*.tflite"))
RUNNABLE = [path for path in ARTIFACTS if path.stem != "dynamic_range"]  # which TFLM refuses
MADE = {
    "chain": small_models.relu_chain(100, 200, 50),
    "convolution": small_models.convolution(),
    "int4": small_models.convolution(weights="int4"),
    "dense": small_models.dense(per_channel=True),
    "IF": small_models.branching(),
    "WHILE": looping(),
    "variables": small_models.stateful(),
    "state": small_models.keeping_state(),
    "offline": small_models.planned_offline(160, 0, -1),
    **single_operators(),
}
pytestmark = pytest.mark.skipif(not tflm_is_installed(), reason="no TFLM wheel for this machine")

_PROGRAM = """
import sys
from tflite_micro.python.tflite_micro import runtime
for path in sys.argv[2:]:
    print("MODEL", path, file=sys.stderr, flush=True)
    model = open(path, "rb").read()
    runtime.Interpreter.from_bytes(model, arena_size=int(sys.argv[1])).print_allocations()
"""


def allocate(arena_bytes: int, *paths: Path) -> dict[str, tuple[int, int]]:
    """Head and total that the wheel recorded, by the file's stem; without those that it could not allocate."""
    command = [sys.executable, "-c", _PROGRAM, str(arena_bytes), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {}
    for part in run.stderr.split("MODEL ")[1:]:
        figures = dict(re.findall(r"Arena allocation (total|head|tail) (\d+) bytes", part))
        if figures:
            found[Path(part.split("\n")[0]).stem] = (int(figures["head"]), int(figures["total"]))
    return found


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, int]]:
    folder = tmp_path_factory.mktemp("made")
    for name, made in MADE.items():
        (folder / f"{name}.tflite").write_bytes(write_model(made))
    return allocate(1 << 20, *RUNNABLE, *sorted(folder.iterdir()))


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_head_and_total_are_those_of_the_wheel(path: Path, recorded: dict[str, tuple[int, int]]) -> None:
    prediction = predict(read_model(path.read_bytes()), "wheel64")
    assert (prediction.head_bytes, prediction.used_bytes) == recorded[path.stem]


@pytest.mark.parametrize("name", MADE)
def test_every_operator_takes_what_the_wheel_says(name: str, recorded: dict[str, tuple[int, int]]) -> None:
    prediction = predict(MADE[name], "wheel64")
    assert (prediction.head_bytes, prediction.used_bytes) == recorded[name]


@pytest.mark.parametrize("name", ["chain", "convolution", "dense", "IF", "state"])
def test_the_minimum_works_and_sixteen_bytes_less_do_not(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(write_model(MADE[name]))
    minimum = predict(MADE[name], "wheel64").minimum_bytes
    assert allocate(minimum, path)
    assert not allocate(minimum - 16, path)
