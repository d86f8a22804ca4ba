"""A small int8 graph of operators that move values, without a fault: what the tests of their shapes damage."""

from __future__ import annotations

import numpy as np
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.tflite.options import ConcatenationOptions, CountAxisOptions, SplitOptions, StridedSliceOptions

NAMES = ("x", "first", "second", "joined", "part", "padded", "packed", "moved", "real", "quantized", "sliced", "wide")


def moving_model() -> bytes:
    """SPLIT, CONCATENATION, STRIDED_SLICE, PAD, PACK, TRANSPOSE, DEQUANTIZE, QUANTIZE, SLICE, CAST as a .tflite."""
    build = ModelBuilder()

    def tensor(name: str, *shape: int, dtype: str = "int8") -> int:
        return build.tensor(name, shape, dtype, *(([0.1], [0]) if dtype == "int8" else ()))

    def constant(name: str, *values: int) -> int:
        return build.constant(name, np.array(values, np.int32))

    x, first, second = tensor("x", 1, 6), tensor("first", 1, 3), tensor("second", 1, 3)
    axis = build.constant("axis", np.array([1], np.int32))
    build.operator("SPLIT", [axis, x], [first, second], SplitOptions(2))
    joined = tensor("joined", 1, 6)
    build.operator("CONCATENATION", [first, second], [joined], ConcatenationOptions(-1))
    part, padded, packed = tensor("part", 1, 4), tensor("padded", 1, 7), tensor("packed", 1, 2, 7)
    bounds = [constant("begin", 0, 1), constant("end", 1, 5), constant("strides", 1, 1)]
    build.operator("STRIDED_SLICE", [joined, *bounds], [part], StridedSliceOptions())
    build.operator("PAD", [part, build.constant("paddings", np.array([[0, 0], [1, 2]], np.int32))], [padded])
    build.operator("PACK", [padded, padded], [packed], CountAxisOptions(2, 1))
    moved, real = tensor("moved", 7, 2, 1), tensor("real", 7, 2, 1, dtype="float32")
    build.operator("TRANSPOSE", [packed, constant("order", 2, 1, 0)], [moved])
    build.operator("DEQUANTIZE", [moved], [real])
    quantized, sliced, wide = (
        tensor("quantized", 7, 2, 1),
        tensor("sliced", 4, 2, 1),
        tensor("wide", 4, 2, 1, dtype="int32"),
    )
    build.operator("QUANTIZE", [real], [quantized])
    build.operator("SLICE", [quantized, constant("from", 3, 0, 0), constant("size", -1, 2, 1)], [sliced])
    build.operator("CAST", [sliced], [wide])
    return write_model(build.model([x], [wide]))
