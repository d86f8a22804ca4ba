"""LiteRT's reference kernels against TensorFlow Lite Micro on the gesture model: a property of LiteRT, not of a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import load_model
from tinygate.oracle import run_litert
from tinygate.tflite import TfliteModel

VARIANTS = ("float32", "dynamic_range", "ptq_int8", "ptq_int8_per_tensor", "ptq_int16x8", "qat_int8")


@pytest.mark.parametrize("gesture_variant", VARIANTS)
def test_litert_reference_kernels_tell_the_same_story(gesture_variant: str) -> None:
    """They round FULLY_CONNECTED differently from TFLM: a unit of a logit here and there, never a different model."""
    oracle = run_oracle(load_model(Path("models/gesture")).variant(gesture_variant))
    other = run_litert(
        load_model(Path("models/gesture")).variant(gesture_variant).content, oracle.inputs, reference_kernels=True
    ).outputs
    difference = np.abs(other.astype(np.float64) - oracle.reference.outputs.astype(np.float64))
    assert difference.max() <= _largest_excusable_difference(oracle.tflite)
    assert (difference >= _noticeable(oracle.tflite)).any(axis=-1).mean() <= 0.01


def _noticeable(tflite: TfliteModel) -> float:
    """A probability of 1/256 in units of the output: one code of int8, a hundred of int16."""
    return 1e-5 if tflite.output.dtype == "float32" else 1 / 256 / tflite.output.scales[0]


def _largest_excusable_difference(tflite: TfliteModel) -> float:
    """What one unit in every logit can move a softmax output by: a probability's slopes add up to at most a half."""
    if tflite.output.dtype == "float32":
        return 1e-5
    softmax = tflite.main.operators[-1]
    assert softmax.name == "SOFTMAX"
    logit_scale = tflite.main.tensors[softmax.inputs[0]].scales[0]
    return max(1.0, logit_scale / 2 / tflite.output.scales[0])
