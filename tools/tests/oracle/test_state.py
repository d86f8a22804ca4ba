"""State between windows: what a reset does, and that the same resets mean the same in every runtime and on a board."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from stateful_models import moving_sum, running_total

from tinygate.errors import DataError
from tinygate.oracle import keeps_state, oracle, resets_of, run_litert, run_tflm
from tinygate.tflite import read_model
from tinygate.virtual.interpreter import Interpreter

pytestmark = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")
ONES = np.ones((6, 1, 1), np.float32)
NEVER, EACH, AT_FOUR = [1, 2, 3, 4, 5, 6], [1] * 6, [1, 2, 3, 4, 1, 2]
MODELS = {"variable": moving_sum(10), "resource": running_total(), "initialized": running_total(5)}
STARTS = {"variable": 0, "resource": 0, "initialized": 5}


def virtual_board(content: bytes, inputs: Any, resets: Any = None) -> Any:
    """The virtual board's interpreter, told to reset as an infer request tells it."""
    interpreter = Interpreter(content, 1 << 16)
    outputs = []
    for index, window in enumerate(inputs):
        if resets is None or index in resets:
            interpreter.reset()
        outputs.append(np.frombuffer(interpreter.invoke(window.tobytes()), np.float32))
    return np.array(outputs)


def tflm(content: bytes, inputs: Any, resets: Any = None) -> Any:
    return run_tflm(content, inputs, resets=resets).outputs


def litert(content: bytes, inputs: Any, resets: Any = None) -> Any:
    return run_litert(content, inputs, resets=resets).outputs


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("run", [tflm, litert, virtual_board])
@pytest.mark.parametrize(("resets", "sums"), [((), NEVER), ((0,), NEVER), (None, EACH), ((0, 4), AT_FOUR)])
def test_a_reset_means_the_same_everywhere(run: Callable[..., Any], name: str, resets: Any, sums: list[int]) -> None:
    if run is litert and name == "resource":
        pytest.skip("LiteRT reads no variable that nothing has assigned")
    assert run(MODELS[name], ONES, resets).ravel().tolist() == [total + STARTS[name] for total in sums]


def test_the_cache_knows_the_resets() -> None:
    assert not run_tflm(MODELS["variable"], ONES).from_cache
    assert not run_tflm(MODELS["variable"], ONES, resets=(0,)).from_cache
    assert run_tflm(MODELS["variable"], ONES, resets=(0,)).from_cache
    assert run_tflm(MODELS["variable"], ONES, resets=range(6)).from_cache  # other words for None


def test_a_request_does_not_find_the_state_of_the_one_before_it() -> None:
    first, second = (run_tflm(MODELS["resource"], ONES, resets=(0,), use_cache=False).outputs for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_resets_of_a_model_without_state_are_no_part_of_the_key(doubling: bytes) -> None:
    samples = np.zeros((4, 2), np.int8)
    assert not keeps_state(read_model(doubling))
    run_tflm(doubling, samples)
    assert run_tflm(doubling, samples, resets=(0, 2)).from_cache


def test_resets_follow_from_the_scope_of_state() -> None:
    recordings = np.array([7, 7, 3, 3, 3, 9])
    assert resets_of("none", 6) is None
    assert resets_of("all", 6) == (0,)
    assert resets_of("recording", 6, recordings) == (0, 2, 5)


@pytest.mark.parametrize("recordings", [None, np.array([1, 1]), np.array([1, 2, 1])])
def test_recordings_that_are_missing_or_torn_apart_are_refused(recordings: Any) -> None:
    with pytest.raises(DataError, match="recording"):
        resets_of("recording", 3, recordings)


def test_a_reset_beyond_the_windows_is_refused() -> None:
    with pytest.raises(DataError, match="before window 6"):
        run_tflm(MODELS["variable"], ONES, resets=(0, 6))
