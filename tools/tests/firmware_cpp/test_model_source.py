"""A model as C++ source: what is generated, and what is refused before anything is built."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from stateful_models import running_total

from tinygate.errors import ModelFileError
from tinygate.tflite import read_model
from tinygate.tflite.edit import rewrite
from tinygate.tflm.source import generate, main

ROOT = Path(__file__).parents[3]
ARTIFACTS = ROOT / "models" / "gesture" / "artifacts"
INT8 = ARTIFACTS / "ptq_int8.tflite"
HYBRID = ARTIFACTS / "dynamic_range.tflite"
INT16 = ARTIFACTS / "ptq_int16x8.tflite"


@pytest.mark.parametrize("path", sorted(set(ARTIFACTS.glob("*.tflite")) - {HYBRID, INT16}), ids=lambda path: path.stem)
def test_source_holds_the_bytes_and_their_hash(path: Path) -> None:
    data = path.read_bytes()
    source = generate(data, path.name)
    rows = re.search(r"kBytes\[\] = \{\n(.*?)\n\};", source, re.DOTALL)
    assert rows
    assert bytes(int(number) for number in re.findall(r"\d+", rows[1])) == data
    assert hashlib.sha256(data).hexdigest() in source


def test_source_registers_just_the_operators_of_the_model() -> None:
    data = INT8.read_bytes()
    registered = re.findall(r"resolver\.Add(\w+)\(\)", generate(data, "a.tflite"))
    used = {operator.name.replace("_", "") for graph in read_model(data).subgraphs for operator in graph.operators}
    assert {method.upper() for method in registered} == used
    assert f"MicroMutableOpResolver<{len(used)}>" in generate(data, "a.tflite")


def set_schema_version(model: Any) -> None:
    model.version = 2


def use_unsupported_operator(model: Any) -> None:
    model.operatorCodes[0].builtinCode = 131  # RFFT2D
    model.operatorCodes[0].deprecatedBuiltinCode = 127  # "look in the other field"


def use_custom_operator(model: Any) -> None:
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 32
    model.operatorCodes[0].customCode = b"Abs"  # a builtin's name does not make it one


def take_outputs_away(model: Any) -> None:
    model.subgraphs[0].outputs = []


def add_output(model: Any) -> None:
    model.subgraphs[0].outputs = [*model.subgraphs[0].outputs, model.subgraphs[0].operators[0].outputs[0]]


def test_several_outputs_and_resource_variables_are_taken() -> None:
    assert generate(rewrite(INT8.read_bytes(), add_output), "a.tflite")
    source = generate(running_total(5), "a.tflite")
    assert all(f"Add{name}()" in source for name in ("VarHandle", "ReadVariable", "AssignVariable", "CallOnce"))


def open_batch(model: Any) -> None:
    tensor = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]]
    tensor.shape = [-1, *tensor.shape[1:]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (set_schema_version, "schema version 2, expected 3"),
        (use_unsupported_operator, "RFFT2D is not supported"),
        (use_custom_operator, "Abs is not supported"),
        (take_outputs_away, "the model has no output"),
        (open_batch, "is open"),
    ],
)
def test_what_a_microcontroller_cannot_run_is_refused(change: Any, sentence: str) -> None:
    with pytest.raises(ModelFileError, match=sentence):
        generate(rewrite(INT8.read_bytes(), change), "a.tflite")


def test_dynamic_range_is_refused_by_its_operators_name() -> None:
    with pytest.raises(ModelFileError, match=r"dynamic_range\.tflite: operator \d+ \w+ is hybrid"):
        generate(HYBRID.read_bytes(), HYBRID.name)


def quantize_dense_weights(scales: int) -> Any:
    """Return a change that gives the weights of the dense layer so many scales."""

    def change(model: Any) -> None:
        tensors = [tensor for tensor in model.subgraphs[0].tensors if len(tensor.shape) == 2 and tensor.type == 9]
        for tensor in tensors:
            tensor.quantization.scale, tensor.quantization.zeroPoint = [0.005] * scales, [0] * scales

    return change


def test_int16_dense_layer_is_refused_per_channel_and_taken_per_tensor() -> None:
    data = INT16.read_bytes()
    assert "AddFullyConnected" in generate(rewrite(data, quantize_dense_weights(scales=1)), "a.tflite")
    with pytest.raises(ModelFileError, match="FULLY_CONNECTED has int16 activations"):
        generate(rewrite(data, quantize_dense_weights(scales=7)), "a.tflite")


def test_truncated_model_is_refused_with_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "half.tflite").write_bytes(INT8.read_bytes()[:5000])
    assert main(["--model", str(tmp_path / "half.tflite"), "--out", str(tmp_path)]) == 2
    assert "tinygate: half.tflite: not a well-formed .tflite" in capsys.readouterr().err
    assert not (tmp_path / "model.cpp").exists()


def test_generator_needs_only_the_standard_library(tmp_path: Path) -> None:
    """ESP-IDF's Python runs it; -S leaves out installed packages."""
    command = [sys.executable, "-S", "-m", "tinygate.tflm.source", "--model", INT8, "--out", tmp_path]
    subprocess.run(command, check=True, env={"PYTHONPATH": str(ROOT / "tools")})
    assert (tmp_path / "model.cpp").read_text() == generate(INT8.read_bytes(), INT8.name)
