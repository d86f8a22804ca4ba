"""Batches shared between processes give what one process gives, in order, and never more processes than lanes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tinygate.errors import ConfigError
from tinygate.model.folder import load_model
from tinygate.oracle import execution as executions
from tinygate.oracle import oracle, process, quantize_inputs, run_litert
from tinygate.oracle.execution import execution

GESTURE = load_model(Path("models/gesture"))
INT8 = GESTURE.variant("ptq_int8").content


def test_a_shared_batch_keeps_its_order() -> None:
    run = execution(INT8, GESTURE.dataset.test.inputs[:101], "litert-ref")
    whole = run_litert(INT8, run.inputs).outputs
    np.testing.assert_array_equal(run.raw([run.model.output.index], slice(None))[0], whole)


def test_many_threads_share_two_processes() -> None:
    inputs = execution(INT8, GESTURE.dataset.test.inputs[:64]).inputs
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda row: run_litert(INT8, inputs[row : row + 8], use_cache=False).outputs, range(0, 64, 8))
        )
    np.testing.assert_array_equal(np.concatenate(results), run_litert(INT8, inputs).outputs)
    assert len([lane for lane in process._running if lane.startswith("litert-ref")]) <= process.LANES


def test_samples_are_quantized_as_firmware_does() -> None:
    run = execution(INT8, GESTURE.dataset.test.inputs[:5])
    np.testing.assert_array_equal(run.inputs, quantize_inputs(run.model, GESTURE.dataset.test.inputs[:5]))


def test_where_tflm_is_missing_its_stand_in_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (executions, oracle):
        monkeypatch.setattr(module, "tflm_is_installed", lambda: False)
    assert execution(INT8, GESTURE.dataset.test.inputs[:1]).runtime == "litert-ref"


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(ConfigError, match="known: tflm, litert-ref, litert, numpy"):
        execution(INT8, GESTURE.dataset.test.inputs[:1], "onnx")
