"""Real values to a model's input type and back, as firmware built on TFLM does it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError, ModelFileError
from tinygate.quant.rounding import round_half_away
from tinygate.tflite import Tensor, TfliteModel
from tinygate.tflite.model import NUMPY_TYPES


def quantize_inputs(model: TfliteModel, inputs: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """Return real `inputs` [N, ...] in the type of the model's input: q = round(x / scale) + zero_point, saturated.

    Halves round away from zero, as TFLM's QUANTIZE and C's roundf do (NumPy's round goes to even). Division and
    rounding are done in float32, as on the chip. Inputs of float models pass unchanged, as float32.

    Raises:
        ModelFileError: the model's input has no scale, or a type that cannot be fed.
        DataError: NaN or infinity among the inputs of a quantized model.
    """
    return quantize_tensor(model.input, inputs)


def quantize_tensor(tensor: Tensor, inputs: NDArray[Any]) -> NDArray[Any]:
    """Return real values in the type of an input tensor; rounding and errors as for `quantize_inputs`."""
    if tensor.dtype == "float32":
        return np.ascontiguousarray(inputs, np.float32)
    scale, zero_point = _affine(tensor)
    real = np.asarray(inputs, np.float32)
    if not np.isfinite(real).all():
        raise DataError("NaN or infinity among the inputs; a quantized model has no code for them.")
    limits = np.iinfo(np.dtype(NUMPY_TYPES[tensor.dtype]))
    codes = round_half_away(real / np.float32(scale)).astype(np.float64) + zero_point
    raw: NDArray[Any] = np.clip(codes, limits.min, limits.max).astype(limits.dtype)
    return raw


def dequantize_outputs(model: TfliteModel, raw: NDArray[Any]) -> NDArray[np.float32]:
    """Return the real values, float32, that `raw` outputs of the model stand for: scale · (q - zero_point).

    Raises:
        ModelFileError: the model's output is quantized but has no scale.
    """
    tensor = model.output
    if tensor.dtype == "float32":
        return np.asarray(raw, np.float32)
    scale, zero_point = _affine(tensor)
    return ((raw.astype(np.int64) - zero_point) * np.float32(scale)).astype(np.float32)


def _affine(tensor: Tensor) -> tuple[float, int]:
    if tensor.dtype not in ("int8", "uint8", "int16") or len(tensor.scales) != 1 or len(tensor.zero_points) != 1:
        raise ModelFileError(
            f"tensor {tensor.index} {tensor.name!r} of type {tensor.dtype} has {len(tensor.scales)} scales and "
            f"{len(tensor.zero_points)} zero points; expected one each of an integer type."
        )
    return tensor.scales[0], tensor.zero_points[0]
