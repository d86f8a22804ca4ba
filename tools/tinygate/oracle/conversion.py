"""Real values to a model's input type and back, as firmware built on TFLM does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError, ModelFileError
from tinygate.quant.codes import input_codes
from tinygate.tflite import Tensor, TfliteModel
from tinygate.tflite.model import NUMPY_TYPES

Inputs = Sequence[NDArray[Any]] | Mapping[str, NDArray[Any]]


@overload
def quantize_inputs(model: TfliteModel, inputs: NDArray[Any]) -> NDArray[Any]: ...


@overload
def quantize_inputs(model: TfliteModel, inputs: Inputs) -> tuple[NDArray[Any], ...]: ...


def quantize_inputs(model: TfliteModel, inputs: NDArray[Any] | Inputs) -> NDArray[Any] | tuple[NDArray[Any], ...]:
    """Return `inputs` in the types of the model's inputs: real values become q = round(x / scale) + zero_point.

    Codes saturate. Halves round away from zero, as TFLM's QUANTIZE and C's roundf do (NumPy's round goes to even).
    Division and rounding are done in float32, as on the chip. Inputs of float models pass as float32. Passed as they
    are: integers and booleans for an input that is not quantized, and values in a quantized input's own type, which are
    codes already. Integers of another type are real values.

    Args:
        model: the model.
        inputs: one array [N, ...] per input tensor, in the model's order or by the tensor's name; an array alone for a
            model with one input, and an array alone is returned then.

    Raises:
        ModelFileError: an input that real values are given for has no scale, or a type that cannot be fed.
        DataError: another number of inputs than the model has, a name that is none of them, NaN or infinity for a
            quantized input, or integers that the input's type cannot hold.
    """
    if isinstance(inputs, np.ndarray):
        return quantize_tensor(model.input, inputs)
    given = _in_order(model, inputs) if isinstance(inputs, Mapping) else list(inputs)
    if len(given) != len(model.inputs):
        raise DataError(f"{len(given)} inputs given, the model takes {len(model.inputs)}.")
    return tuple(quantize_tensor(tensor, values) for tensor, values in zip(model.inputs, given, strict=True))


def _in_order(model: TfliteModel, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    names = [tensor.name for tensor in model.inputs]
    if set(names) != set(inputs) or len(set(names)) != len(names):
        raise DataError(f"inputs {', '.join(sorted(inputs))} given, the model takes {', '.join(names)}.")
    return [inputs[name] for name in names]


def quantize_tensor(tensor: Tensor, values: NDArray[Any]) -> NDArray[Any]:
    """Return values [N, ...] in the type of an input tensor; rounding and errors as for `quantize_inputs`."""
    if values.dtype.name == tensor.dtype:
        return np.ascontiguousarray(values)
    if values.dtype.kind in "biu" and tensor.dtype != "float32" and not tensor.scales:
        return _passed(tensor, values)
    if tensor.dtype == "float32":
        return np.ascontiguousarray(values, np.float32)
    scale, zero_point = _affine(tensor)
    real = np.asarray(values, np.float32)
    if not np.isfinite(real).all():
        raise DataError("NaN or infinity among the inputs; a quantized model has no code for them.")
    return input_codes(real, scale, zero_point, NUMPY_TYPES[tensor.dtype])


def _passed(tensor: Tensor, values: NDArray[Any]) -> NDArray[Any]:
    """Return integers or booleans in the tensor's type, with the values they have."""
    if tensor.dtype not in NUMPY_TYPES:
        raise ModelFileError(f"input {tensor.name!r} is of type {tensor.dtype}, which cannot be fed.")
    dtype = np.dtype(NUMPY_TYPES[tensor.dtype])
    if (dtype.kind == "b") != (values.dtype.kind == "b"):
        raise DataError(f"input {tensor.name!r} takes {tensor.dtype}, got {values.dtype}.")
    passed: NDArray[Any] = np.ascontiguousarray(values, dtype)
    if not np.array_equal(passed, values):
        raise DataError(f"input {tensor.name!r} takes {tensor.dtype}, which cannot hold the {values.dtype} given.")
    return passed


def dequantize_outputs(model: TfliteModel, raw: NDArray[Any], index: int = 0) -> NDArray[Any]:
    """Return the real values that `raw` values [N, ...] of output number `index` stand for: scale · (q - zero_point).

    They are float32; integers and booleans without a scale pass as they are.

    Raises:
        ModelFileError: the output is quantized in a way that is not one scale and one zero point.
    """
    tensor = model.outputs[index]
    if tensor.dtype == "float32":
        return np.asarray(raw, np.float32)
    if not tensor.scales and tensor.dtype in ("int32", "int64", "bool"):
        return raw
    scale, zero_point = _affine(tensor)
    return ((raw.astype(np.int64) - zero_point) * np.float32(scale)).astype(np.float32)


def _affine(tensor: Tensor) -> tuple[float, int]:
    if (
        tensor.dtype not in ("int8", "uint8", "int16", "int32")
        or len(tensor.scales) != 1
        or len(tensor.zero_points) != 1
    ):
        raise ModelFileError(
            f"tensor {tensor.index} {tensor.name!r} of type {tensor.dtype} has {len(tensor.scales)} scales and "
            f"{len(tensor.zero_points)} zero points; expected one each of an integer type."
        )
    return tensor.scales[0], tensor.zero_points[0]
