"""compare knows what outputs mean, and says when two models were trained apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinygate.compare.graphs import Comparison, compare_graphs
from tinygate.compare.render import sentences
from tinygate.compare.task import task_of
from tinygate.model.folder import load_model
from tinygate.oracle.execution import execution
from tinygate.tflite import read_model
from tinygate.verdict import Verdict

MODELS = Path("models")


def content(name: str, variant: str) -> bytes:
    return (MODELS / name / "artifacts" / f"{variant}.tflite").read_bytes()


def compared(name: str, other: bytes, task: str) -> Comparison:
    test = load_model(MODELS / name).dataset.test
    pair = [execution(file, test.inputs[:100]) for file in (content(name, "float32"), other)]
    return compare_graphs(*pair, ("float32", "other"), None, None, 1.0, task)


@pytest.mark.parametrize(
    ("name", "labels", "task"),
    [
        ("gesture", None, "classification"),
        ("digits", None, "classification"),
        ("anomaly", None, "anomaly"),
        ("anomaly", np.array([0, 1]), "anomaly"),
        ("sine", None, "regression"),
        ("sine", np.array([0.5, 0.1]), "regression"),
    ],
)
def test_graph_and_labels_tell_the_task(name: str, labels: np.ndarray | None, task: str) -> None:
    assert task_of(read_model(content(name, "ptq_int8")), labels) == task


@pytest.mark.parametrize(("name", "task"), [("anomaly", "anomaly"), ("sine", "regression")])
def test_outputs_that_are_no_classes_lose_no_accuracy(name: str, task: str) -> None:
    comparison = compared(name, content(name, "ptq_int8"), task)
    said = " ".join(sentences(comparison))
    assert comparison.answers.paired is None
    assert comparison.answers.verdict is Verdict.PASS
    assert "no classes are compared" in said
    assert "accuracy" not in said
    assert "different training" not in said


def test_models_trained_apart_are_called_that() -> None:
    file = bytearray(content("gesture", "float32"))
    for tensor in read_model(bytes(file)).main.tensors:
        if len(tensor.data) > 2000:  # weights in another order are another training's weights
            values = np.random.default_rng(tensor.index).permutation(tensor.array().reshape(-1))
            at = bytes(file).index(tensor.data)
            file[at : at + len(tensor.data)] = values.tobytes()
    said = " ".join(sentences(compared("gesture", bytes(file), "classification")))
    assert "models of different training" in said
    assert "different training" not in " ".join(
        sentences(compared("gesture", content("gesture", "ptq_int8"), "classification"))
    )
