"""`tinygate add` of small models made here: several inputs and outputs, and mistakes that would pass in silence."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.cli.main import main
from tinygate.model.folder import Model
from tinygate.tflite.options import SoftmaxOptions

CLASSES = 4
INPUTS = np.linspace(-1, 1, 8 * CLASSES, dtype=np.float32).reshape(8, CLASSES)
LABELS = np.arange(8) % CLASSES


def softmax(dtype: str = "float32", batch: int = 1) -> bytes:
    build = ModelBuilder()
    x = build.tensor("x", (batch, CLASSES), dtype)
    y = build.tensor("y", (batch, CLASSES), dtype)
    build.operator("SOFTMAX", [x], [y], SoftmaxOptions(1.0))
    return write_model(build.model([x], [y]))


def sum_and_difference() -> bytes:
    build = ModelBuilder()
    x, y, total, rest = (build.tensor(name, (1, CLASSES), "float32") for name in ("x", "y", "total", "rest"))
    build.operator("ADD", [x, y], [total])
    build.operator("SUB", [x, y], [rest])
    return write_model(build.model([x, y], [total, rest]))


Add = Callable[..., tuple[int, str]]


@pytest.fixture
def add(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Add:
    def run(content: bytes, arrays: dict[str, Any], *options: str) -> tuple[int, str]:
        (tmp_path / "x.tflite").write_bytes(content)
        np.savez(tmp_path / "eval.npz", **arrays)
        files = ["--variant", f"float32={tmp_path / 'x.tflite'}", "--data", str(tmp_path / "eval.npz")]
        command = ["tinygate", "add", "mine", *files, "--models-root", str(tmp_path / "models"), *options]
        monkeypatch.setattr(sys, "argv", command)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(SystemExit) as ended:
                main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.err or said.out

    return run


def test_several_inputs_and_outputs_are_added_and_no_reconstruction(add: Add, tmp_path: Path) -> None:
    code, said = add(sum_and_difference(), {"test_inputs_x": INPUTS, "test_inputs_y": INPUTS})
    assert code == 0, said
    assert Model(tmp_path / "models" / "mine").config.task == "classification"


MISTAKES: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"test_labels": LABELS.astype(np.float32)}, (), "test_labels: float32 of shape (8,); expected integers"),
    ({"test_labels": np.eye(CLASSES)[LABELS]}, (), "one-hot? take argmax(axis=1)"),
    ({"test_labels": LABELS[:, None]}, (), "a single column? take labels[:, 0]"),
    ({"test_labels": np.full(8, 2**64 - 1, np.uint64)}, (), "test_labels: 18446744073709551615"),
    ({"train_inputs": INPUTS, "train_labels": LABELS - 1}, (), "train_labels: label -1, but the model tells 4"),
    ({"validation_inputs": INPUTS, "validation_labels": LABELS + 9}, (), "validation_labels: label 12"),
    ({"train_inputs": INPUTS[:, :2]}, (), "train_inputs has windows of shape (2,)"),
    ({"validation_inputs": INPUTS.astype(int)}, (), "validation_inputs is int64"),
    ({"test_label": LABELS}, (), "nothing reads an array test_label"),
    ({"labels": LABELS}, (), "nothing reads an array labels"),
    ({"test_inputs": INPUTS.astype(np.float64) * 1e300}, (), "test_inputs: NaN or infinity in 8 of 8"),
    ({}, ("--class-names", "a,b,c,a"), "the class name 'a' stands 2 times"),
    ({}, ("--class-names", "a,,b,c,d"), "a class name is empty"),
    ({}, ("--class-names", "a,b,c,d", "--task", "regression"), "regression, which has no classes"),
    ({"test_labels": LABELS}, ("--task", "anomaly"), "eval.npz: test_labels: label 2; an AUC needs labels 0 and 1"),
]


@pytest.mark.parametrize(("arrays", "options", "sentence"), MISTAKES)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    add: Add, tmp_path: Path, arrays: dict[str, Any], options: tuple[str, ...], sentence: str
) -> None:
    code, said = add(softmax(), {"test_inputs": INPUTS} | arrays, *options)
    assert (code, said.count("\n")) == (2, 1), said
    assert sentence in said
    assert not (tmp_path / "models").exists()


def test_a_batch_that_is_no_1_is_shown_whole(add: Add) -> None:
    code, said = add(softmax(batch=2), {"test_inputs": INPUTS})
    assert code == 2
    assert "variant float32 takes (2, 4)" in said


def test_what_cannot_be_fed_is_said(add: Add) -> None:
    code, said = add(softmax("string"), {"test_inputs": INPUTS})
    assert code == 2
    assert "takes string, which can be fed neither here nor on a chip" in said


def test_labels_that_no_metric_reads_are_not_called_absent(add: Add) -> None:
    code, said = add(softmax(), {"test_inputs": INPUTS, "test_labels": LABELS}, "--task", "custom")
    assert code == 0
    assert "no metric named" in said
    assert "no labels" not in said
