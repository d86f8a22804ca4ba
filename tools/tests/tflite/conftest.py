"""A small int8 model of known content."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from tflite_build import ModelBuilder

from tinygate.tflite.model import TfliteModel
from tinygate.tflite.options import Conv2DOptions, ReshapeOptions, SoftmaxOptions

settings.register_profile("patient", deadline=None)  # the machine may be busy
settings.load_profile("patient")


@pytest.fixture(scope="session")
def small_model() -> TfliteModel:
    """CONV_2D with per-channel weights, RESHAPE, SOFTMAX."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 4, 4, 2), "int8", [0.1], [3])
    w = build.constant("w", np.arange(3 * 4 * 4 * 2, dtype=np.int8).reshape(3, 4, 4, 2), [0.5, 0.25, 1.0], [0, 0, 0])
    b = build.constant("b", np.array([1, -2, 3], np.int32), [0.05, 0.025, 0.1], [0, 0, 0])
    y = build.tensor("y", (1, 1, 1, 3), "int8", [2.0], [-128])
    flat = build.tensor("flat", (1, 3), "int8", [2.0], [-128])
    out = build.tensor("probabilities", (1, 3), "int8", [1 / 256], [-128])
    build.operator("CONV_2D", [x, w, b], [y], Conv2DOptions("VALID", 1, 1, "RELU"), version=3)
    build.operator("RESHAPE", [y], [flat], ReshapeOptions((1, 3)))
    build.operator("SOFTMAX", [flat], [out], SoftmaxOptions(1.0))
    return build.model([x], [out])
