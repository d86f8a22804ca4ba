"""Operators whose integer tensors lack scale and zero point."""

from __future__ import annotations

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.audit import audit
from tinygate.tflite.options import FullyConnectedOptions, LeakyReluOptions, Options, ReshapeOptions, SoftmaxOptions


@pytest.mark.parametrize(
    ("operator", "options"),
    [("SOFTMAX", SoftmaxOptions(1.0)), ("LOGISTIC", None), ("LEAKY_RELU", LeakyReluOptions(0.1)), ("QUANTIZE", None)],
)
def test_an_output_without_quantization_is_found_at_that_tensor(operator: str, options: Options | None) -> None:
    build = ModelBuilder()
    x, y = build.tensor("x", (1, 4), "int8", [0.1], [0]), build.tensor("y", (1, 4), "int8")
    build.operator(operator, [x], [y], options)
    findings = audit(write_model(build.model([x], [y]))).findings
    assert [f.tensor for f in findings if f.code == "TG-Q036"] == [y]


@pytest.mark.parametrize("quantized", [True, False])
def test_raw_int16_data_may_be_reshaped_in_a_graph_without_quantized_products(quantized: bool) -> None:
    build = ModelBuilder()
    x, y = build.tensor("x", (4,), "int16"), build.tensor("y", (1, 4), "int16")
    z = build.tensor("z", (1, 2), "int16", [0.1], [0])
    w = build.constant("w", np.full((2, 4), 127, np.int8), *(([0.1], [0]) if quantized else ()))
    build.operator("RESHAPE", [x], [y], ReshapeOptions((1, 4)))
    if quantized:
        build.operator("FULLY_CONNECTED", [y, w], [z], FullyConnectedOptions())
    findings = audit(write_model(build.model([x], [z if quantized else y]))).findings
    tensors = {f.tensor for f in findings if f.code == "TG-Q036"}
    assert tensors == ({x, y} if quantized else set())
