"""`tinygate arena`: text, JSON and picture say the same; no bytes make it stumble."""

from __future__ import annotations

import json
import random
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import small_models
import typer
from tflite_writer import write_model
from typer.testing import CliRunner

from tinygate.arena import predict
from tinygate.arena.savings import savings
from tinygate.cli import arena as arena_cli
from tinygate.errors import InputError, ModelFileError
from tinygate.tflite import read_model

app = typer.Typer()
arena_cli.register(app)
ARTIFACT = Path(__file__).parents[3] / "models" / "gesture" / "artifacts" / "ptq_int8.tflite"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def document(path: Path, *arguments: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(run(str(path), "--json", *arguments))
    return parsed


def test_json_holds_both_numbers_and_what_they_consist_of() -> None:
    found = document(ARTIFACT, "--target", "esp32")
    assert (found["used_bytes"], found["minimum_bytes"], found["exact"]) == (4_060, 4_064, True)
    assert found["head_bytes"] + sum(found["persistent_by_kind"].values()) == found["used_bytes"]
    assert found["head_bytes"] == max(b["offset_bytes"] + b["size_bytes"] for b in found["plan"])
    peak = found["planning_peak"]
    assert sum(peak["head"].values()) + peak["tail_bytes"] == peak["bytes"] <= found["minimum_bytes"]


def test_text_says_the_same_numbers() -> None:
    text = run(str(ARTIFACT), "--target", "stm32f4")
    assert "used                4,772 bytes" in text
    assert "CMSIS-NN" in text


def test_lower_bounds_are_called_so(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write_model(small_models.unknown_operator()))
    text = run(str(path))
    assert "used                at least" in text
    assert "not counted: operator SomebodysOwn" in text


def test_names_from_the_file_cannot_command_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    data = write_model(small_models.unknown_operator())
    path.write_bytes(data.replace(b"SomebodysOwn", b"\x1b[2Jevil\x07own"))
    text = run(str(path))
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_plan_is_drawn(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plan{suffix}"
    run(str(ARTIFACT), "--plot", str(path))
    assert path.stat().st_size > 10_000
    assert path.read_bytes()[:4] in (b"\x89PNG", b"<?xm")


def test_the_picture_says_the_numbers_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    prediction = predict(read_model(ARTIFACT.read_bytes()), "esp32")
    run(str(ARTIFACT), "--plot", str(path))
    drawn = path.read_text(encoding="utf-8")
    for number in (prediction.used_bytes, prediction.minimum_bytes, prediction.head_bytes, prediction.tail_bytes):
        assert f"{number:,}" in drawn  # matplotlib keeps the text as a comment
    alive = sum(buffer.size_bytes for buffer in prediction.alive_at_peak)
    assert f"{alive:,} alive at step {prediction.peak_step}" in drawn


@pytest.mark.parametrize("place", ["plan.txt", "no/such/folder/plan.png"])
def test_a_picture_that_cannot_be_made_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(InputError, match="plan"):
        run(str(ARTIFACT), "--plot", str(tmp_path / place))


def test_it_takes_less_than_a_second_of_processor_time() -> None:
    start = time.process_time()
    predict(read_model(ARTIFACT.read_bytes()), "esp32")
    assert time.process_time() - start < 0.5


def test_it_imports_neither_numpy_nor_matplotlib() -> None:
    program = "import sys; sys.argv = ['tinygate', 'arena', sys.argv[1]]; from tinygate.cli.main import main; main()"
    check = "import atexit, sys; atexit.register(lambda: print({'numpy', 'matplotlib', 'scipy'} & set(sys.modules)));"
    done = subprocess.run(
        [sys.executable, "-c", check + program, str(ARTIFACT)], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "set()", done.stdout + done.stderr


@pytest.mark.parametrize(
    "content",
    [b"", b"not a model at all", struct.pack("<I", 24) + b"TFL3" + b"\xff" * 40],
    ids=["empty", "text", "junk"],
)
def test_what_is_no_model_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"m\.tflite: "):
        run(str(path))


def test_no_such_file_is_a_sentence_and_exit_2(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from tinygate.cli.main import main; main()",
        "arena",
        str(tmp_path / "none.tflite"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("tinygate: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("seed", range(8))
def test_damaged_bytes_are_predicted_or_refused_but_never_crash(seed: int) -> None:
    source = random.Random(seed)
    data = bytearray(
        write_model(
            [small_models.convolution(), small_models.dense(), small_models.stateful(), small_models.branching()][
                seed % 4
            ]
        )
    )
    for _ in range(60):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 4)):
            damaged[source.randrange(len(damaged))] = source.choice([0, 1, 127, 128, 255])
        try:
            model = read_model(bytes(damaged))
            for target in ("esp32", "esp32s3", "esp32p4", "stm32f4"):
                savings(model, predict(model, target))
        except InputError:
            pass
