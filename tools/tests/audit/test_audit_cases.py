"""What the audit once answered wrongly, each on a small model made here: refusals missed, errors where there are none."""

from __future__ import annotations

import dataclasses
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sound_model import sound_model
from tflite_build import ModelBuilder
from tflite_writer import write_model
from typer.testing import CliRunner

from tinygate.audit import AuditReport, Severity, audit
from tinygate.cli.main import app
from tinygate.errors import ModelFileError
from tinygate.oracle import refusal, tflm_is_installed
from tinygate.tflite import read_model
from tinygate.tflite.model import Signature, TfliteModel
from tinygate.tflite.options import (
    BranchOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    SqueezeOptions,
)
from tinygate.tflm.derive.models import build
from tinygate.tflm.derive.recipes import RECIPES

needs_tflm = pytest.mark.skipif(not tflm_is_installed(), reason="no TFLM wheel for this machine")


def errors(report: AuditReport) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity is Severity.ERROR]


def of_types(operator: str, dtype: str, **others: str) -> bytes:
    """The operator with every tensor of one type, but those with a usual type of their own and `others`."""
    groups = RECIPES[operator].groups.items()
    types = {name: slot.fixed or (slot.default if slot.default == "int32" else dtype) for name, slot in groups}
    return build(RECIPES[operator], types | others)


@pytest.mark.parametrize(
    ("operator", "dtype", "others"),
    [
        ("CAST", "uint8", {"output": "int32"}),
        ("DEQUANTIZE", "float16", {"output": "float32"}),
        ("EXP", "int8", {}),
        ("LOG", "int8", {}),
        ("RESIZE_BILINEAR", "int16", {}),
        ("TRANSPOSE", "int32", {}),
        ("FLOOR_MOD", "int32", {}),
        ("MIRROR_PAD", "int32", {}),
        ("QUANTIZE", "float32", {"output": "uint8"}),
    ],
)
def test_types_that_the_kernel_lacks_are_an_error(operator: str, dtype: str, others: dict[str, str]) -> None:
    report = audit(of_types(operator, dtype, **others))
    assert errors(report) == ["TG-Q030"]
    (finding,) = (f for f in report.findings if f.code == "TG-Q030")
    assert (finding.operator_name, finding.tensor >= 0) == (operator, True)
    assert "expected" in finding.values


@pytest.mark.parametrize(("operator", "bias"), [("DEPTHWISE_CONV_2D", "int32"), ("TRANSPOSE_CONV", "int32")])
def test_a_bias_that_a_16x8_kernel_reads_as_another_type_is_an_error(operator: str, bias: str) -> None:
    types = {"input": "int16", "weights": "int8", "output": "int16", "shape": "int32"}
    types = {group: types.get(group, bias) for group in RECIPES[operator].groups}
    assert errors(audit(build(RECIPES[operator], types))) == ["TG-Q027"]
    assert errors(audit(build(RECIPES[operator], types | {"bias": "int64"}))) == []


def test_a_depthwise_convolution_without_bias_is_an_error() -> None:
    types = {"input": "int8", "weights": "int8", "output": "int8", "bias": "none"}
    assert errors(audit(build(RECIPES["DEPTHWISE_CONV_2D"], types))) == ["TG-Q039"]
    assert errors(audit(build(RECIPES["CONV_2D"], types))) == []


def shared_bias(value: int) -> bytes:
    """Two int16x8 convolutions of different scales that share one bias."""
    make, channels = ModelBuilder(), 4
    tensors = [make.tensor(f"t{i}", (1, 4, 4, channels), "int16", [0.01 * (i + 1)], [0]) for i in range(3)]
    wide = make.constant("w0", np.full((channels, 1, 1, channels), 127, np.int8), [0.01] * channels, [0] * channels)
    deep = make.constant("w1", np.full((1, 1, 1, channels), 127, np.int8), [0.02] * channels, [0] * channels, axis=3)
    bias = make.constant("b", np.full(channels, value, np.int64), [0.0001] * channels, [0] * channels)
    make.operator("CONV_2D", [tensors[0], wide, bias], [tensors[1]], Conv2DOptions("VALID", 1, 1))
    make.operator("DEPTHWISE_CONV_2D", [tensors[1], deep, bias], [tensors[2]], DepthwiseConv2DOptions("VALID", 1, 1, 1))
    return write_model(make.model(tensors[:1], tensors[2:]))


@pytest.mark.parametrize(("value", "expected"), [(0, []), (5, ["TG-Q005"])])
def test_a_bias_of_zero_has_no_unit_to_be_wrong(value: int, expected: list[str]) -> None:
    assert errors(audit(shared_bias(value))) == expected


def uint8_model(convolutions: int) -> bytes:
    """The scheme of 2018: weights with a zero point."""
    make = ModelBuilder()
    tensors = [make.tensor(f"t{i}", (1, 4, 4, 2), "uint8", [0.1], [128]) for i in range(convolutions + 1)]
    for before, after in pairwise(tensors):
        w = make.constant("w", np.full((2, 1, 1, 2), 200, np.uint8), [0.01], [120])
        b = make.constant("b", np.zeros(2, np.int32), [0.001], [0])
        make.operator("CONV_2D", [before, w, b], [after], Conv2DOptions("VALID", 1, 1))
    joined = make.tensor("joined", (1, 4, 4, 4), "uint8", [0.2], [100])
    make.operator("CONCATENATION", [tensors[-1], tensors[0]], [joined], ConcatenationOptions(3))
    return write_model(make.model(tensors[:1], [joined]))


def test_a_model_of_2018_gets_one_sentence() -> None:
    report = audit(uint8_model(5))
    assert errors(report) == ["TG-Q056"]
    assert report.findings[0].values == "6 operators, the first is operator 0 CONV_2D"


@pytest.mark.parametrize(("count", "expected"), [(10, []), (11, ["TG-Q061"])])
def test_concatenation_takes_ten_tensors(count: int, expected: list[str]) -> None:
    make = ModelBuilder()
    x, y = make.tensor("x", (1, 2), "int8", [0.1], [0]), make.tensor("y", (1, 2 * count), "int8", [0.1], [0])
    make.operator("CONCATENATION", [x] * count, [y], ConcatenationOptions(1))
    assert errors(audit(write_model(make.model([x], [y])))) == expected


@pytest.mark.parametrize(("rank", "expected"), [(5, []), (6, ["TG-Q061"])])
def test_slice_takes_five_dimensions(rank: int, expected: list[str]) -> None:
    make = ModelBuilder()
    x, y = make.tensor("x", (2,) * rank, "float32"), make.tensor("y", (1,) * rank, "float32")
    begin, size = (make.constant(name, np.full(rank, v, np.int32)) for name, v in (("begin", 0), ("size", 1)))
    make.operator("SLICE", [x, begin, size], [y])
    assert errors(audit(write_model(make.model([x], [y])))) == expected


@pytest.mark.parametrize(("axis", "expected"), [(1, []), (-2, []), (0, ["TG-Q040"]), (7, ["TG-Q040"])])
def test_a_squeezed_dimension_has_size_1(axis: int, expected: list[str]) -> None:
    make = ModelBuilder()
    x, y = make.tensor("x", (2, 1, 3), "float32"), make.tensor("y", (2, 3), "float32")
    make.operator("SQUEEZE", [x], [y], SqueezeOptions((axis,)))
    assert errors(audit(write_model(make.model([x], [y])))) == expected


# Which subgraph runs


def signed(model: TfliteModel, *keys: tuple[str, int]) -> TfliteModel:
    return dataclasses.replace(model, signatures=tuple(Signature(key, graph, (), ()) for key, graph in keys))


def doubled(model: TfliteModel) -> TfliteModel:
    return dataclasses.replace(model, subgraphs=(model.main, dataclasses.replace(model.main, index=1, name="train")))


def entry(model: TfliteModel) -> list[str]:
    return [finding.values for finding in audit(write_model(model)).findings if finding.code == "TG-Q057"]


def test_with_several_subgraphs_the_report_says_which_runs() -> None:
    model = signed(doubled(read_model(sound_model())), ("infer", 0), ("train", 1))
    assert entry(model) == ["subgraph 0 'main' (signature 'infer') runs; subgraph 1 (signature 'train') never does"]


def test_with_one_subgraph_and_one_signature_nothing_is_said() -> None:
    assert entry(signed(read_model(sound_model()), ("serving_default", 0))) == []


def test_a_subgraph_that_a_loop_calls_is_called_so() -> None:
    make = ModelBuilder()
    x, y = make.tensor("x", (1,), "int32"), make.tensor("y", (1,), "int32")
    make.operator("WHILE", [x], [y], BranchOptions(1, 1))
    model = doubled(make.model([x], [y]))
    assert entry(model) == ["subgraph 0 'main' runs and calls subgraph 1"]


# Asking TFLM


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def command(model: bytes, *arguments: str) -> Any:
        (tmp_path / "m.tflite").write_bytes(model)
        return CliRunner().invoke(app, ["audit", str(tmp_path / "m.tflite"), *arguments])

    return command


@needs_tflm
def test_a_model_that_runs_is_said_to_have_run(run: Any) -> None:
    result = run(sound_model(), "--run")
    assert result.exit_code == 0
    assert "TensorFlow Lite Micro ran it once" in result.stdout
    assert json.loads(run(sound_model(), "--run", "--format", "json").stdout)["ran"] is True
    assert json.loads(run(sound_model(), "--format", "json").stdout)["ran"] is None


@needs_tflm
def test_a_refusal_is_reported_in_the_words_of_tflm(run: Any) -> None:
    result = run(of_types("EXP", "int8"), "--run")
    assert result.exit_code == 1
    assert "TG-Q060" in result.stdout
    assert "Node EXP (number 0) failed to prepare" in result.stdout


@needs_tflm
@pytest.mark.parametrize("shape", [(0,), (1 << 28,)])
def test_what_cannot_be_fed_is_a_refusal_too(shape: tuple[int, ...]) -> None:
    make = ModelBuilder()
    x = make.tensor("x", shape, "float32")
    make.operator("ABS", [x], [x])
    assert "cannot be fed" in refusal(write_model(make.model([x], [x])))


def test_without_the_wheel_the_option_says_what_is_missing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygate.oracle.trial.tflm_is_installed", lambda: False)
    assert isinstance(run(sound_model(), "--run").exception, ModelFileError)


def test_the_version_of_the_kernels_can_be_named(run: Any) -> None:
    make = ModelBuilder()
    x, y = make.tensor("x", (2, 20), "int8", [0.1], [0]), make.tensor("y", (2, 4), "int8", [1.0], [0])
    w = make.constant("w", np.full((4, 20), 127, np.int8), [0.01], [0])
    make.operator("FULLY_CONNECTED", [x, w, -1], [y])
    model = write_model(make.model([x], [y]))
    assert "TG-Q058" in run(model, "--target", "esp32s3").stdout
    assert "TG-Q058" not in run(model, "--target", "esp32s3", "--with", "esp-nn=1.2.6").stdout
