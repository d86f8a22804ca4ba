"""The oracle answers rightly, survives what it runs, and remembers."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.errors import DataError, ModelFileError
from tinygate.oracle import cache, oracle, process, run_litert, run_tflm
from tinygate.oracle.process import InterpreterProcess
from tinygate.tflite.options import Conv2DOptions

SAMPLES = np.array([[1, 2], [10, -3], [100, 100], [0, 0]], np.int8)
EXPECTED = np.array([[4, 0], [17, 14], [127, 1], [0, 1]], np.int8)  # 300 saturates

needs_tflm = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")


@needs_tflm
def test_tflm_computes_what_the_model_says(doubling: bytes) -> None:
    run = run_tflm(doubling, SAMPLES)
    np.testing.assert_array_equal(run.outputs, EXPECTED)
    assert run.oracle == "tflm"


@pytest.mark.parametrize("reference_kernels", [True, False])
def test_litert_computes_what_the_model_says(doubling: bytes, reference_kernels: bool) -> None:
    run = run_litert(doubling, SAMPLES, reference_kernels=reference_kernels)
    np.testing.assert_array_equal(run.outputs, EXPECTED)
    assert run.arena_used_bytes is None


@needs_tflm
def test_the_arena_is_its_head_and_its_tail(doubling: bytes) -> None:
    run = run_tflm(doubling, SAMPLES[:1])
    assert run.arena_head_bytes == 32  # two activations of 2 bytes, aligned to 16
    assert run.arena_tail_bytes is not None
    assert run.arena_used_bytes == run.arena_head_bytes + run.arena_tail_bytes


@needs_tflm
def test_intermediate_tensors_can_be_asked_for(doubling: bytes) -> None:
    run = run_tflm(doubling, SAMPLES, tensors=[0, 3])
    np.testing.assert_array_equal(run.all_outputs[0], SAMPLES)
    np.testing.assert_array_equal(run.all_outputs[1], EXPECTED)


def test_without_the_wheel_litert_stands_in_and_the_result_says_so(
    doubling: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oracle, "tflm_is_installed", lambda: False)
    run = run_tflm(doubling, SAMPLES)
    assert run.oracle == "litert-ref"
    np.testing.assert_array_equal(run.outputs, EXPECTED)


def test_a_result_is_computed_once_per_model_and_inputs(doubling: bytes) -> None:
    first, second, other = (run_tflm(doubling, x) for x in (SAMPLES, SAMPLES, SAMPLES[:2]))
    assert [run.from_cache for run in (first, second, other)] == [False, True, False]
    np.testing.assert_array_equal(first.outputs, second.outputs)
    assert first.arena_used_bytes == second.arena_used_bytes


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", b"\x00" * 100])
def test_a_damaged_cache_file_is_computed_again(doubling: bytes, cache_of_this_test: Path, damage: bytes) -> None:
    run_tflm(doubling, SAMPLES)
    (file,) = (cache_of_this_test / "reference").iterdir()
    file.write_bytes(damage)
    run = run_tflm(doubling, SAMPLES)
    assert not run.from_cache
    np.testing.assert_array_equal(run.outputs, EXPECTED)


def test_the_cache_forgets_the_oldest_results(
    doubling: bytes, cache_of_this_test: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_tflm(doubling, SAMPLES)
    (first,) = (cache_of_this_test / "reference").iterdir()
    monkeypatch.setattr(cache, "LARGEST_BYTES", first.stat().st_size)
    run_tflm(doubling, SAMPLES[::-1])
    assert not first.exists()
    assert run_tflm(doubling, SAMPLES[::-1]).from_cache


def test_the_cache_can_be_left_alone(doubling: bytes, cache_of_this_test: Path) -> None:
    run_tflm(doubling, SAMPLES, use_cache=False)
    assert not list(cache_of_this_test.iterdir())


def test_a_model_that_the_interpreter_refuses_is_refused_in_its_words() -> None:
    build = ModelBuilder()
    x, y = (build.tensor(name, (1, 2), "int8", [1.0], [0]) for name in "xy")
    build.operator("NoSuchOperator", [x], [y])
    with pytest.raises(ModelFileError, match="op code CUSTOM"):
        run_tflm(write_model(build.model([x], [y])), SAMPLES)


def dying_model() -> bytes:
    """A convolution whose filter has more channels than its input: TFLM divides by the groups, none, and dies."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 1, 1, 2), "int8", [1.0], [0])
    w = build.constant("w", np.ones((1, 1, 1, 7), np.int8), [1.0], [0])
    b = build.constant("b", np.zeros(1, np.int32), [1.0], [0])
    y = build.tensor("y", (1, 1, 1, 1), "int8", [1.0], [0])
    build.operator("CONV_2D", [x, w, b], [y], Conv2DOptions("VALID", 1, 1), version=3)
    return write_model(build.model([x], [y]))


@needs_tflm
def test_an_interpreter_that_dies_is_an_error_with_its_signal_and_the_next_request_gets_a_new_one(
    doubling: bytes,
) -> None:
    with pytest.raises(ModelFileError, match=r"tflm was ended by signal \d+ while it ran this model"):
        run_tflm(dying_model(), SAMPLES)
    np.testing.assert_array_equal(run_tflm(doubling, SAMPLES).outputs, EXPECTED)


def test_an_interpreter_killed_between_requests_is_replaced(doubling: bytes) -> None:
    run_litert(doubling, SAMPLES)
    running = process._running["litert-ref"]
    running._process.kill()
    running._process.wait()
    np.testing.assert_array_equal(run_litert(doubling, SAMPLES[::-1]).outputs, EXPECTED[::-1])


def test_an_interpreter_that_takes_too_long_is_stopped(doubling: bytes) -> None:
    many = np.zeros((200_000, 2), np.int8)
    started = time.perf_counter()
    with pytest.raises(ModelFileError, match=r"did not finish within 0\.05 s"):
        run_tflm(doubling, many, timeout_s=0.05)
    assert time.perf_counter() - started < 5


def test_memory_is_limited() -> None:
    worker = InterpreterProcess("litert-ref", memory_limit_bytes=1 << 27)
    with pytest.raises(ModelFileError):
        worker.ask({"runner": {}, "sample_shapes": []}, [np.zeros(1 << 20, np.uint8)], 20.0)
    worker.close()


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (SAMPLES.astype(np.float32), "takes int8, got float32: use quantize_inputs"),
        (SAMPLES[:, :1], r"samples of shape \(1, 2\)"),
        (SAMPLES[:0], "at least one"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(doubling: bytes, samples: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        run_tflm(doubling, samples)


def test_a_file_of_another_kind_never_reaches_the_interpreter(doubling: bytes) -> None:
    with pytest.raises(ModelFileError, match="file identifier"):
        run_tflm(doubling.replace(b"TFL3", b"JUNK"), SAMPLES)


@needs_tflm
def test_a_thousand_windows_take_seconds_at_most(doubling: bytes) -> None:
    run_tflm(doubling, SAMPLES, use_cache=False)
    started = time.perf_counter()
    run_tflm(doubling, np.zeros((1000, 2), np.int8), use_cache=False)
    assert time.perf_counter() - started < 10


def test_no_process_outlives_the_session(doubling: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(doubling)
    script = (
        "import sys, numpy as np, pathlib\n"
        "from tinygate.oracle import process, run_tflm\n"
        "run_tflm(pathlib.Path(sys.argv[1]).read_bytes(), np.zeros((1, 2), np.int8))\n"
        "print(*(p._process.pid for p in process._running.values()))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "model.tflite")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert not Path(f"/proc/{int(result.stdout)}").exists()
