"""Holds a stripped .tflite against what it was made of: every output, bit for bit, in the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.oracle import ReferenceRun, run_litert, run_suitable
from tinygate.tflite import Tensor, TfliteModel, read_model
from tinygate.tflite.model import NUMPY_TYPES

RANDOM_WINDOWS, SEED = 32, 0


def check_same_outputs(before: bytes, after: bytes, fed: Sequence[NDArray[Any]] = ()) -> str:
    """Run both models on the same windows; return which windows, and in which runtime.

    Args:
        before, after: contents of two .tflite files of the same interface.
        fed: raw inputs, one array [N, ...] each; without, random codes.

    Raises:
        ModelFileError: one output differs in one bit, or no oracle runs the model.
    """
    model = read_model(before)
    given = list(fed) or random_inputs(model)
    first, second = _run_both(before, after, given)
    for number, (was, now) in enumerate(zip(first.all_outputs, second.all_outputs, strict=True)):
        if was.dtype != now.dtype or was.shape != now.shape or was.tobytes() != now.tobytes():
            raise ModelFileError(f"stripped, its output {number} differs: a defect of tinygate; please report it.")
    what = "windows of the data" if len(fed) else "random windows"
    return f"{len(given[0]):,} {what} in {first.oracle} {first.version}"


def _run_both(before: bytes, after: bytes, given: Sequence[NDArray[Any]]) -> tuple[ReferenceRun, ReferenceRun]:
    """Run both in TensorFlow Lite Micro, or in LiteRT where it refuses: a model for hosts can be stripped too."""
    for run in (run_suitable, run_litert):
        try:
            return run(before, given, resets=()), run(after, given, resets=())
        except ModelFileError as error:
            refusal = error
    raise ModelFileError(f"no oracle runs it, so that nothing proves what stripping leaves: {refusal}") from refusal


def random_inputs(model: TfliteModel, count: int = RANDOM_WINDOWS) -> list[NDArray[Any]]:
    """Return random raw inputs [count, ...], one array per input: any code of an integer type, else normal numbers."""
    generator = np.random.default_rng(SEED)
    return [_random(tensor, count, generator) for tensor in model.inputs]


def _random(tensor: Tensor, count: int, generator: np.random.Generator) -> NDArray[Any]:
    if tensor.dtype not in NUMPY_TYPES:
        raise ModelFileError(f"input {tensor.name!r} is of type {tensor.dtype}, which cannot be fed.")
    dtype, shape = np.dtype(NUMPY_TYPES[tensor.dtype]), (count, *tensor.shape)
    if dtype.kind == "f":
        return generator.normal(0, 1, shape).astype(dtype)
    if dtype.kind == "b" or dtype.itemsize > 2:  # flags, indices: any code would lead nowhere
        return generator.integers(0, 2, shape).astype(dtype)
    bounds = np.iinfo(dtype)
    return generator.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
