"""Runs any model once in TensorFlow Lite Micro, to hear whether it refuses: sound or not, whatever its inputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.oracle.oracle import run_tflm, tflm_is_installed
from tinygate.tflite import Tensor, TfliteModel
from tinygate.tflite.model import NUMPY_TYPES
from tinygate.tflite.reader import read_model

TIMEOUT_S = 60.0
_LARGEST_INPUT_BYTES = 64 << 20


def refusal(content: bytes) -> str:
    """Return why TFLM does not run a model, in its own words; empty if it runs.

    The model runs once on zeros, in a process with limits in time and memory.

    Raises:
        ModelFileError: the TFLM wheel is not installed.
    """
    if not tflm_is_installed():
        raise ModelFileError("--run needs the tflite-micro wheel, which exists for Linux on x86-64 only.")
    try:
        model = read_model(content)
        run_tflm(content, _zeros(model), use_cache=False, timeout_s=TIMEOUT_S)
    except ModelFileError as error:
        return str(error)
    return ""


def _zeros(model: TfliteModel) -> list[NDArray[np.generic]]:
    return [_zero(tensor) for tensor in model.inputs]


def _zero(tensor: Tensor) -> NDArray[np.generic]:
    dtype = NUMPY_TYPES.get(tensor.dtype)
    if dtype is None:
        raise ModelFileError(f"input {tensor.name!r} is of type {tensor.dtype}, which cannot be fed.")
    size = tensor.element_count * np.dtype(dtype).itemsize
    if min(tensor.shape, default=1) < 1 or size > _LARGEST_INPUT_BYTES:
        raise ModelFileError(f"input {tensor.name!r} has shape {tensor.shape}, which cannot be fed.")
    zeros: NDArray[np.generic] = np.zeros((1, *tensor.shape), dtype)
    return zeros
