"""Small float and int8 graphs of the same model, built as differently as converters do."""

from __future__ import annotations

import numpy as np
from tflite_build import ModelBuilder

from tinygate.tflite.model import TfliteModel
from tinygate.tflite.options import FullyConnectedOptions, FusedOptions

RANDOM = np.random.default_rng(7)
FIRST, SECOND = (RANDOM.normal(size=(8, 8)).astype(np.float32) for _ in range(2))
INPUTS = RANDOM.uniform(-1, 1, (64, 8)).astype(np.float32)
INPUT_SCALE, WEIGHT_SCALE, RESULT_SCALE = 1 / 127, np.abs(FIRST).max() / 127, 8 / 255


def unfused() -> TfliteModel:
    """Float: FULLY_CONNECTED, MUL by a constant, ADD of a constant, RELU."""
    build = ModelBuilder()
    x, y, scaled, shifted, out = (
        build.tensor(name, (1, 8), "float32") for name in ("x", "y", "scaled", "shifted", "out")
    )
    w = build.constant("w", FIRST / 2)
    two, one = build.constant("two", np.full(8, 2, np.float32)), build.constant("half", np.full(8, 0.5, np.float32))
    build.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
    build.operator("MUL", [y, two], [scaled], FusedOptions())
    build.operator("ADD", [scaled, one], [shifted], FusedOptions())
    build.operator("RELU", [shifted], [out])
    return build.model([x], [out])


def fused() -> TfliteModel:
    """Int8 between QUANTIZE and DEQUANTIZE: one FULLY_CONNECTED with all of it folded in."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 8), "float32")
    q = build.tensor("other name", (1, 8), "int8", [INPUT_SCALE], [0])
    y = build.tensor("result", (1, 8), "int8", [RESULT_SCALE], [-128])
    out = build.tensor("out", (1, 8), "float32")
    w = build.constant("w8", np.round(FIRST / WEIGHT_SCALE).astype(np.int8), [WEIGHT_SCALE], [0])
    bias_scale = INPUT_SCALE * WEIGHT_SCALE
    b = build.constant("b", np.full(8, round(0.5 / bias_scale), np.int32), [bias_scale], [0])
    build.operator("QUANTIZE", [x], [q])
    build.operator("FULLY_CONNECTED", [q, w, b], [y], FullyConnectedOptions("RELU"), version=4)
    build.operator("DEQUANTIZE", [y], [out])
    return build.model([x], [out])


def branches(order: tuple[int, int], quantized: bool = False) -> TfliteModel:
    """Two FULLY_CONNECTED of the same input, executed in `order`, then their sum."""
    build = ModelBuilder()
    kind, affine = ("int8", ([RESULT_SCALE], [0])) if quantized else ("float32", ((), ()))
    x = build.tensor("x", (1, 8), kind, *affine)
    results = {}
    for which in order:
        weights = (FIRST, SECOND)[which]
        scale = float(np.abs(weights).max() / 127)
        w = (
            build.constant(f"w{which}", np.round(weights / scale).astype(np.int8), [scale], [0])
            if quantized
            else build.constant(f"w{which}", weights)
        )
        results[which] = build.tensor(f"y{which}", (1, 8), kind, *affine)
        build.operator("FULLY_CONNECTED", [x, w, -1], [results[which]], FullyConnectedOptions())
    out = build.tensor("sum", (1, 8), kind, *affine)
    build.operator("ADD", [results[0], results[1]], [out], FusedOptions())
    return build.model([x], [out])


def read_twice() -> TfliteModel:
    """FULLY_CONNECTED whose result a MUL and a RELU read: the RELU is a layer of its own."""
    build = ModelBuilder()
    x, y, square, positive, out = (build.tensor(n, (1, 8), "float32") for n in ("x", "y", "square", "positive", "out"))
    build.operator("FULLY_CONNECTED", [x, build.constant("w", FIRST), -1], [y], FullyConnectedOptions())
    build.operator("MUL", [y, y], [square], FusedOptions())
    build.operator("RELU", [y], [positive])
    build.operator("ADD", [square, positive], [out], FusedOptions())
    return build.model([x], [out])
