"""A small int8 CNN without a fault, made up on the spot: what the corruption tests damage."""

from __future__ import annotations

import numpy as np
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.quant.affine import choose_symmetric, quantize
from tinygate.tflite.options import (
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Options,
    Pool2DOptions,
    ReducerOptions,
    SoftmaxOptions,
)

CHANNELS, CLASSES = 16, 7


class _Network:
    """Adds layers whose scales suit each other."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(42)
        self.build = ModelBuilder()

    def product(self, name: str, source: int, shape: tuple[int, ...], axis: int, out: tuple[int, ...], options: Options,
                zero_point: int) -> int:  # fmt: skip
        """An operator with weights of `shape`, quantized per channel, and an output range of three deviations."""
        real = self.rng.normal(0, 0.2, shape)
        parameters = choose_symmetric(real, axis)
        codes = quantize(real, parameters)
        product = self.build.tensors[source].scales[0] * parameters.scales
        spread = np.sqrt((codes.astype(float) ** 2).sum() / shape[axis]) * 40 * product.max()
        bias = (self.rng.normal(0, 0.2, shape[axis]) * spread / product).astype(np.int32)
        zeros = [0] * shape[axis]
        w = self.build.constant(f"{name}/weights", codes, parameters.scales.tolist(), zeros, axis=axis)
        b = self.build.constant(f"{name}/bias", bias, product.tolist(), zeros)
        y = self.build.tensor(name, out, "int8", [3 * spread / 128], [zero_point])
        self.build.operator(name, [source, w, b], [y], options, version=4)
        return y


def sound_model() -> bytes:
    """CONV_2D (ReLU), MAX_POOL_2D, DEPTHWISE_CONV_2D (ReLU), MEAN, FULLY_CONNECTED, SOFTMAX as a .tflite file."""
    network = _Network()
    build = network.build
    x = build.tensor("x", (1, 50, 1, 6), "int8", [0.03], [-1])
    conv = network.product("CONV_2D", x, (CHANNELS, 7, 1, 6), 0, (1, 50, 1, CHANNELS),
                           Conv2DOptions("SAME", 1, 1, "RELU"), -128)  # fmt: skip
    source = build.tensors[conv]
    pooled = build.tensor("pooled", (1, 25, 1, CHANNELS), "int8", source.scales, source.zero_points)
    build.operator("MAX_POOL_2D", [conv], [pooled], Pool2DOptions("VALID", 1, 2, 1, 2), version=2)
    deep = network.product("DEPTHWISE_CONV_2D", pooled, (1, 5, 1, CHANNELS), 3, (1, 25, 1, CHANNELS),
                           DepthwiseConv2DOptions("SAME", 1, 1, 1, "RELU"), -128)  # fmt: skip
    mean = build.tensor("mean", (1, CHANNELS), "int8", [build.tensors[deep].scales[0] * 0.7], [-128])
    axes = build.constant("axes", np.array([1, 2], np.int32))
    build.operator("MEAN", [deep, axes], [mean], ReducerOptions(False), version=2)
    logits = network.product("FULLY_CONNECTED", mean, (CLASSES, CHANNELS), 0, (1, CLASSES), FullyConnectedOptions(), 5)
    out = build.tensor("probabilities", (1, CLASSES), "int8", [1 / 256], [-128])
    build.operator("SOFTMAX", [logits], [out], SoftmaxOptions(1.0), version=2)
    return write_model(build.model([x], [out]))
