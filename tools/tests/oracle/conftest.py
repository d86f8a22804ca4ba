"""A model small enough to be computed by hand, and a cache of the test's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.tflite.options import FullyConnectedOptions


@pytest.fixture(autouse=True)
def cache_of_this_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYGATE_CACHE", str(tmp_path))
    return tmp_path


def fully_connected(weights: list[list[int]], bias: list[int], output_scale: float = 1.0) -> bytes:
    """FULLY_CONNECTED with input scale 1, zero point 0 and weight scale 1: out = round(W·x + b) / output_scale."""
    build = ModelBuilder()
    w = np.array(weights, np.int8)
    x = build.tensor("x", (1, w.shape[1]), "int8", [1.0], [0])
    wt = build.constant("w", w, [1.0], [0])
    b = build.constant("b", np.array(bias, np.int32), [1.0], [0])
    y = build.tensor("y", (1, len(w)), "int8", [output_scale], [0])
    build.operator("FULLY_CONNECTED", [x, wt, b], [y], FullyConnectedOptions(), version=4)
    return write_model(build.model([x], [y]))


@pytest.fixture
def doubling() -> bytes:
    """(a, b) → (2a + b, a - b + 1)."""
    return fully_connected([[2, 1], [1, -1]], [0, 1])
