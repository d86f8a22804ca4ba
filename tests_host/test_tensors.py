"""Scale and zero point of every tensor in every artifact: are they what TFLM's integer kernels take for granted?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from promises import WEIGHTED, activation_type

from tinygate.audit import Severity, audit
from tinygate.model.folder import Variant
from tinygate.tflite import Operator, Tensor, TfliteModel, read_model

KEEPS_SCALE = {"AVERAGE_POOL_2D", "MAX_POOL_2D", "RESHAPE", "SQUEEZE", "PAD", "TRANSPOSE", "CONCATENATION"}
FIXED_OUTPUT = {
    "int8": {"SOFTMAX": (1 / 256, -128), "LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)},
    "int16": {"SOFTMAX": (1 / 32768, 0), "LOGISTIC": (1 / 32768, 0), "TANH": (1 / 32768, 0)},
}
BIAS = {"int8": ("int32", -128, 127), "int16": ("int64", -32768, 32767)}  # input → bias type, smallest and largest code


def quantized(model: TfliteModel) -> list[Tensor]:
    return [tensor for tensor in model.main.tensors if tensor.scales]


def weighted(model: TfliteModel) -> Iterator[tuple[Operator, Tensor, Tensor, Tensor]]:
    """Yield operator, input, weights and bias of integer convolutions and matrix products."""
    for operator in model.main.operators:
        if operator.name in WEIGHTED:
            source, weights, bias = (model.main.tensors[i] for i in operator.inputs)
            if weights.dtype == "int8" and source.dtype in BIAS:
                yield operator, source, weights, bias


def test_a_quantized_variant_is_quantized_throughout(variant: Variant) -> None:
    model = read_model(variant.content)
    floats = [tensor.name for tensor in model.main.tensors if tensor.dtype == "float32"]
    assert bool(floats) == (activation_type(variant) == "float32"), floats


def test_every_scale_is_a_positive_normal_number_with_its_zero_point(variant: Variant) -> None:
    for tensor in quantized(read_model(variant.content)):
        assert len(tensor.scales) == len(tensor.zero_points), tensor.name
        assert all(math.isfinite(s) and s >= np.finfo(np.float32).tiny for s in tensor.scales), tensor.name


def test_there_is_one_scale_or_one_per_channel(variant: Variant) -> None:
    for tensor in quantized(read_model(variant.content)):
        assert len(tensor.scales) in (1, tensor.shape[tensor.quantized_dimension]), tensor.name


def test_activations_have_one_scale_and_a_zero_point_among_the_codes(variant: Variant) -> None:
    for tensor in quantized(read_model(variant.content)):
        if not tensor.is_constant:
            (zero_point,) = tensor.zero_points
            assert zero_point == 0 or (tensor.dtype == "int8" and -128 <= zero_point <= 127), tensor.name


def test_weights_are_symmetric_and_per_channel_along_the_right_dimension(variant: Variant) -> None:
    for operator, _, weights, _ in weighted(read_model(variant.content)):
        assert set(weights.zero_points) == {0}, weights.name
        assert weights.array().min() >= -127, weights.name
        assert len(weights.scales) == 1 or weights.quantized_dimension == WEIGHTED[operator.name], weights.name


def test_the_bias_scale_is_input_scale_times_weight_scale(variant: Variant) -> None:
    for _, source, weights, bias in weighted(read_model(variant.content)):
        assert bias.dtype == BIAS[source.dtype][0], bias.name
        assert set(bias.zero_points) == {0}, bias.name
        np.testing.assert_allclose(bias.scales, source.scales[0] * np.array(weights.scales), rtol=1e-6)


def test_no_accumulator_can_leave_its_bits(variant: Variant) -> None:
    for operator, source, weights, bias in weighted(read_model(variant.content)):
        others = tuple(d for d in range(len(weights.shape)) if d != WEIGHTED[operator.name])
        bits, low, high = BIAS[source.dtype]
        reach = max(low - source.zero_points[0], high - source.zero_points[0], key=abs)
        worst = np.abs(weights.array().astype(np.int64)).sum(axis=others) * abs(reach)
        assert (worst + np.abs(bias.array().astype(np.int64))).max() <= np.iinfo(bits).max, operator.index


def test_operators_that_only_move_values_keep_scale_and_zero_point(variant: Variant) -> None:
    model = read_model(variant.content)
    for operator in model.main.operators:
        if operator.name in KEEPS_SCALE:
            source, result = (model.main.tensors[i] for i in (operator.inputs[0], operator.outputs[0]))
            assert (source.scales, source.zero_points) == (result.scales, result.zero_points), operator


def test_operators_with_a_known_output_range_use_exactly_it(variant: Variant) -> None:
    model = read_model(variant.content)
    for operator in model.main.operators:
        result = model.main.tensors[operator.outputs[0]]
        fixed = FIXED_OUTPUT.get(result.dtype, {})
        if operator.name in fixed:
            assert (*result.scales, *result.zero_points) == fixed[operator.name], operator


def test_a_relu_wastes_no_codes_on_values_it_never_returns(variant: Variant) -> None:
    model = read_model(variant.content)
    for operator in model.main.operators:
        result = model.main.tensors[operator.outputs[0]]
        if getattr(operator.options, "activation", "NONE") in ("RELU", "RELU6") and result.dtype == "int8":
            assert result.zero_points == (-128,), f"{result.zero_points[0] + 128} of 256 codes wasted"


def test_the_audit_finds_no_error(variant: Variant) -> None:
    host_only = variant.model.config.variants[variant.name].host_only
    expected = {"TG-Q014"} if host_only else set()  # hybrid operators, which no microcontroller has
    errors = [f for f in audit(variant.content).findings if f.severity is Severity.ERROR and f.code not in expected]
    assert not errors, [f"{f.code} at {f.place}: {f.values}" for f in errors]
