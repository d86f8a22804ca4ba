"""The NumPy interpreter against TFLM, on every layer: of the artifacts, and of models drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sound_model import sound_model
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.errors import DataError, ModelFileError
from tinygate.interpreter import Rounding, interpret
from tinygate.interpreter.diagnosis import first_divergence, fit_roundings
from tinygate.oracle import oracle, run_litert, run_tflm
from tinygate.tflite import read_model
from tinygate.tflite.model import TfliteModel
from tinygate.tflite.options import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    FusedOptions,
    Pool2DOptions,
    ReducerOptions,
    ReshapeOptions,
    SoftmaxOptions,
)

ARTIFACTS = sorted((Path(__file__).parents[3] / "models").glob("*/artifacts/*int*.tflite"))
SAMPLES = 30
WIDE = 1000  # seeds from here on draw int16 activations (16x8 models)

needs_tflm = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")


def random_codes(model: TfliteModel, seed: int, samples: int = SAMPLES) -> NDArray[Any]:
    """Codes of the whole range, the first two samples at its ends."""
    limits = np.iinfo(model.input.dtype)
    shape = (samples, *model.input.shape[1:])
    codes = np.random.default_rng(seed).integers(limits.min, limits.max + 1, shape).astype(limits.dtype)
    codes[0], codes[1] = limits.min, limits.max
    return codes


def assert_equal_to_tflm(data: bytes, inputs: NDArray[Any]) -> None:
    model = read_model(data)
    ours = interpret(model, inputs).tensors
    indices = [operator.outputs[0] for operator in model.main.operators]
    theirs = run_tflm(data, inputs, tensors=indices, use_cache=False).all_outputs
    for operator, index, expected in zip(model.main.operators, indices, theirs, strict=True):
        differing = int((ours[index].reshape(-1) != expected.reshape(-1)).sum())
        assert differing == 0, f"{differing} of {expected.size} differ after {operator.index} {operator.name}"


@needs_tflm
@pytest.mark.parametrize("path", ARTIFACTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_layer_of_every_integer_artifact_equals_tflm(path: Path) -> None:
    data = path.read_bytes()
    assert_equal_to_tflm(data, random_codes(read_model(data), seed=0, samples=200))


class Draw:
    """Draws shapes, scales and weights."""

    def __init__(self, seed: int) -> None:
        self.is_wide = seed >= WIDE
        self.rng = np.random.default_rng(seed)
        self.build = ModelBuilder()

    def one(self, *choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def activation(self, name: str, shape: tuple[int, ...], scale: float | None = None) -> int:
        drawn = float(10 ** self.rng.uniform(-2.5, 0)) if scale is None else scale
        if self.is_wide:
            return self.build.tensor(name, shape, "int16", [drawn / 256], [0])
        return self.build.tensor(name, shape, "int8", [drawn], [self.number(-128, 127)])

    def weights(self, shape: tuple[int, ...], axis: int, source: int) -> tuple[int, int, float]:
        """Weights, bias and a good scale for the output."""
        channels = shape[axis]
        w = self.rng.integers(-127, 128, shape).astype(np.int8)
        scales = 10 ** self.rng.uniform(-3, -1, self.one(1, channels))
        product = self.build.tensors[source].scales[0] * np.broadcast_to(scales, channels)
        bias = self.rng.integers(-(2 ** self.number(1, 20)), 2 ** self.number(1, 20), channels).astype(np.int32)
        wt = self.build.constant("w", w, scales.tolist(), [0] * len(scales), axis=axis)
        bias = bias.astype(np.int64) << 8 if self.is_wide else bias
        b = self.build.constant("b", bias, product[: len(scales)].tolist(), [0] * len(scales))
        reach = float(product.max()) * 60 * 70 * (256 if self.is_wide else 1) * np.sqrt(w.size / channels)
        return wt, b, reach / 128 * float(10 ** self.rng.uniform(-1, 0.3))


def extent(size: int, window: int, stride: int, dilation: int, padding: str) -> int:
    return -(-size // stride) if padding == "SAME" else -(-(size - (window - 1) * dilation) // stride)


def random_convolution(seed: int, depthwise: bool) -> bytes:
    draw = Draw(seed)
    size, window = (draw.number(5, 9), draw.number(5, 9)), (draw.number(1, 3), draw.number(1, 3))
    stride, dilation = (draw.number(1, 3), draw.number(1, 3)), (draw.number(1, 2), draw.number(1, 2))
    padding, fused = draw.one("SAME", "VALID"), draw.one("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
    depth, multiplier = draw.number(1, 4) * 2, draw.number(1, 3)
    x = draw.activation("x", (1, *size, depth))
    if depthwise:
        shape, axis, channels = (1, *window, depth * multiplier), 3, depth * multiplier
    else:
        channels = draw.number(1, 3) * 2
        shape, axis = (channels, *window, depth // draw.one(1, 2)), 0
    wt, b, scale = draw.weights(shape, axis, x)
    out = tuple(extent(size[i], window[i], stride[i], dilation[i], padding) for i in (0, 1))
    y = draw.activation("y", (1, *out, channels), scale)
    steps = (padding, stride[1], stride[0])
    if depthwise:
        options = DepthwiseConv2DOptions(*steps, multiplier, fused, dilation[1], dilation[0])
        draw.build.operator("DEPTHWISE_CONV_2D", [x, wt, b], [y], options, version=3)
    else:
        conv = Conv2DOptions(*steps, fused, dilation[1], dilation[0])
        draw.build.operator("CONV_2D", [x, wt, b], [y], conv, version=3)
    return write_model(draw.build.model([x], [y]))


def random_fully_connected(seed: int) -> bytes:
    draw = Draw(seed)
    depth, channels = draw.number(1, 60), draw.number(1, 9)
    x = draw.activation("x", (1, depth))
    wt, b, scale = draw.weights((channels, depth), 0, x)
    y = draw.activation("y", (1, channels), scale)
    draw.build.operator("FULLY_CONNECTED", [x, wt, b], [y], FullyConnectedOptions(draw.one("NONE", "RELU")), version=4)
    return write_model(draw.build.model([x], [y]))


def random_pool(seed: int) -> bytes:
    draw = Draw(seed)
    size, window = (draw.number(3, 9), draw.number(3, 9)), (draw.number(1, 3), draw.number(1, 3))
    stride, padding = (draw.number(1, 3), draw.number(1, 3)), draw.one("SAME", "VALID")
    x = draw.activation("x", (1, *size, draw.number(1, 4)))
    source = draw.build.tensors[x]
    out = tuple(extent(size[i], window[i], stride[i], 1, padding) for i in (0, 1))
    y = draw.build.tensor("y", (1, *out, source.shape[3]), source.dtype, source.scales, source.zero_points)
    options = Pool2DOptions(padding, stride[1], stride[0], window[1], window[0], draw.one("NONE", "RELU", "RELU6"))
    draw.build.operator(draw.one("AVERAGE_POOL_2D", "MAX_POOL_2D"), [x], [y], options, version=2)
    return write_model(draw.build.model([x], [y]))


def random_mean(seed: int) -> bytes:
    draw = Draw(seed)
    shape = (1, draw.number(1, 40), draw.number(1, 5), draw.number(1, 6))
    axes = np.array(draw.one([1, 2], [1], [2], [3], [1, 2, 3], [-2, -3]), np.int32)
    keep = draw.one(True, False)
    reduced = {int(a) % 4 for a in axes}
    out = tuple(1 if d in reduced else n for d, n in enumerate(shape) if keep or d not in reduced)
    x = draw.activation("x", shape)
    y = draw.activation(
        "y",
        out,
        (256 if draw.is_wide else 1)
        * draw.build.tensors[x].scales[0]
        * draw.one(1.0, float(draw.rng.uniform(0.2, 1.5))),
    )
    draw.build.operator("MEAN", [x, draw.build.constant("axes", axes)], [y], ReducerOptions(keep), version=2)
    return write_model(draw.build.model([x], [y]))


def random_sum(seed: int) -> bytes:
    """x plus itself reshaped, or plus a constant that is broadcast."""
    draw = Draw(seed)
    shape = (1, draw.number(1, 5), draw.number(1, 5), draw.number(1, 6))
    x = draw.activation("x", shape)
    other_shape = draw.one(shape, shape[-1:], (1,))
    kind = np.int16 if draw.is_wide else np.int8
    values = draw.rng.integers(np.iinfo(kind).min, np.iinfo(kind).max, other_shape).astype(kind)
    own_scale = float(10 ** draw.rng.uniform(-2.5, 0)) / (256 if draw.is_wide else 1)
    c = draw.build.constant("c", values, [own_scale], [0 if draw.is_wide else draw.number(-128, 127)])
    scale = sum(draw.build.tensors[t].scales[0] for t in (x, c)) * float(draw.rng.uniform(0.3, 1.2))
    y = draw.activation("y", shape, scale * (256 if draw.is_wide else 1))
    draw.build.operator("ADD", [x, c], [y], FusedOptions(draw.one("NONE", "RELU", "RELU6")), version=2)
    return write_model(draw.build.model([x], [y]))


def random_softmax(seed: int) -> bytes:
    draw = Draw(seed)
    shape = (1, draw.number(1, 3), draw.number(1, 12))
    x = draw.activation("x", shape, float(10 ** draw.rng.uniform(-3, 0.5)))
    flat_shape = (shape[1], shape[2])
    flat = draw.build.tensor("flat", flat_shape, draw.build.tensors[x].dtype, *_affine(draw, x))
    kinds: list[tuple[str, float, int]] = [("int16", 1 / 32768, 0)]
    if not draw.is_wide:
        kinds = [("int16", 1 / 65536, -32768), ("int8", 1 / 256, -128)]
    kind, scale, zero_point = kinds[draw.number(0, len(kinds) - 1)]
    y = draw.build.tensor("y", flat_shape, kind, [scale], [zero_point])
    draw.build.operator("RESHAPE", [x], [flat], ReshapeOptions(flat_shape))
    draw.build.operator("SOFTMAX", [flat], [y], SoftmaxOptions(draw.one(1.0, 0.5, 2.0)), version=2)
    return write_model(draw.build.model([x], [y]))


def _affine(draw: Draw, tensor: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    return draw.build.tensors[tensor].scales, draw.build.tensors[tensor].zero_points


@needs_tflm
@pytest.mark.parametrize("seed", [*range(40), *range(WIDE, WIDE + 16)])
def test_random_convolutions_equal_tflm(seed: int) -> None:
    data = random_convolution(seed, depthwise=bool(seed % 2))
    assert_equal_to_tflm(data, random_codes(read_model(data), seed))


@needs_tflm
@pytest.mark.parametrize("make", [random_fully_connected, random_pool, random_mean, random_sum, random_softmax])
@pytest.mark.parametrize("seed", [*range(20), *range(WIDE, WIDE + 10)])
def test_random_layers_equal_tflm(make: Callable[[int], bytes], seed: int) -> None:
    data = make(seed)
    assert_equal_to_tflm(data, random_codes(read_model(data), seed))


def fully_connected_near_halves() -> tuple[bytes, NDArray[np.int8]]:
    """Scales whose product in float32 makes halves, in float64 something less."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 1), "int8", [0.5204868], [0])
    w = build.constant("w", np.array([[1]], np.int8), [0.5082638], [0])
    y = build.tensor("y", (1, 1), "int8", [0.35272613], [0])
    build.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions(), version=4)
    return write_model(build.model([x], [y])), np.arange(-100, 101).astype(np.int8)[:, None]


@needs_tflm
def test_the_scales_of_a_fully_connected_are_multiplied_in_float64() -> None:
    assert_equal_to_tflm(*fully_connected_near_halves())


def test_older_firmware_multiplies_them_in_float32_and_is_recognised() -> None:
    data, inputs = fully_connected_near_halves()
    model = read_model(data)
    firmware = interpret(model, inputs, Rounding.FLOAT32_SCALES)
    found = first_divergence(model, inputs, firmware.tensors)
    assert found is not None
    assert found.agrees_with == (Rounding.FLOAT32_SCALES,)
    fits = fit_roundings(model, inputs, firmware.outputs)
    assert fits[0].name == "float32-scales everywhere"
    assert fits[0].mismatches == 0


# Other runtimes' roundings, and what they explain


@pytest.fixture(scope="module")
def windows() -> tuple[bytes, NDArray[np.int8]]:
    data = sound_model()
    return data, random_codes(read_model(data), seed=3, samples=1500)


@needs_tflm
def test_every_layer_of_the_sound_model_equals_tflm(windows: tuple[bytes, NDArray[np.int8]]) -> None:
    assert_equal_to_tflm(*windows)


def test_litert_reference_kernels_are_tflm_with_a_fully_connected_in_floating_point(
    windows: tuple[bytes, NDArray[np.int8]],
) -> None:
    data, inputs = windows
    fits = fit_roundings(read_model(data), inputs, run_litert(data, inputs).outputs)
    assert "float in FULLY_CONNECTED, double elsewhere" in [fit.name for fit in fits if fit.mismatches == 0]


def test_one_rounding_explains_xnnpack_better_than_two() -> None:
    data = next(path for path in ARTIFACTS if path.stem == "ptq_int8").read_bytes()
    inputs = random_codes(read_model(data), seed=3, samples=500)
    outputs = run_litert(data, inputs, reference_kernels=False).outputs
    fits = {f.name: f.mismatches for f in fit_roundings(read_model(data), inputs, outputs)}
    assert fits["single everywhere"] < fits["double everywhere"]


def test_an_altered_element_is_found_with_operator_place_and_codes(windows: tuple[bytes, NDArray[np.int8]]) -> None:
    data, inputs = windows
    model = read_model(data)
    tensors = {i: values.copy() for i, values in interpret(model, inputs[:10]).tensors.items()}
    conv = next(operator for operator in model.main.operators if operator.name == "DEPTHWISE_CONV_2D")
    tensors[conv.outputs[0]][4, 0, 7, 0, 3] ^= 1
    found = first_divergence(model, inputs[:10], tensors)
    assert found is not None
    assert (found.operator, found.sample, found.element) == (conv.index, 4, (0, 7, 0, 3))
    assert abs(found.expected - found.observed) == found.largest == found.differing == 1


def test_a_divergence_by_single_rounding_is_called_that(windows: tuple[bytes, NDArray[np.int8]]) -> None:
    data, inputs = windows
    model = read_model(data)
    found = first_divergence(model, inputs[:200], interpret(model, inputs[:200], Rounding.SINGLE).tensors)
    assert found is not None
    assert Rounding.SINGLE in found.agrees_with
    assert Rounding.DOUBLE not in found.agrees_with
    assert found.exact is not None
    assert abs(abs(found.exact - np.floor(found.exact)) - 0.5) < 0.01, "only near a half can roundings differ"
    assert "single" in found.sentence()


def test_equal_tensors_do_not_diverge(windows: tuple[bytes, NDArray[np.int8]]) -> None:
    data, inputs = windows
    model = read_model(data)
    assert first_divergence(model, inputs[:5], interpret(model, inputs[:5]).tensors) is None


# What it does not compute


def test_inputs_of_another_type_are_refused(windows: tuple[bytes, NDArray[np.int8]]) -> None:
    with pytest.raises(DataError, match="takes int8"):
        interpret(read_model(windows[0]), windows[1].astype(np.float32))


def test_float_models_and_unknown_operators_are_refused_by_name() -> None:
    build = ModelBuilder()
    x, y = (build.tensor(name, (1, 2), "float32") for name in "xy")
    build.operator("SOFTMAX", [x], [y], SoftmaxOptions(1.0))
    with pytest.raises(ModelFileError, match="0 SOFTMAX: tensor 0 of type float32"):
        interpret(build.model([x], [y]), np.zeros((1, 2), np.float32))
    build = ModelBuilder()
    x, y = (build.tensor(name, (1, 2), "int8", [1.0], [0]) for name in "xy")
    build.operator("HARD_SWISH", [x], [y])
    with pytest.raises(ModelFileError, match="HARD_SWISH is not among those"):
        interpret(build.model([x], [y]), np.zeros((1, 2), np.int8))


def test_an_accumulator_that_leaves_32_bits_is_refused_not_wrapped() -> None:
    build = ModelBuilder()
    x = build.tensor("x", (1, 1), "int8", [1.0], [0])
    w = build.constant("w", np.array([[127]], np.int8), [1.0], [0])
    b = build.constant("b", np.array([2**31 - 1], np.int32), [1.0], [0])
    y = build.tensor("y", (1, 1), "int8", [1.0], [0])
    build.operator("FULLY_CONNECTED", [x, w, b], [y], FullyConnectedOptions(), version=4)
    with pytest.raises(DataError, match="32 bits"):
        interpret(build.model([x], [y]), np.array([[127]], np.int8))
