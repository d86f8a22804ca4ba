"""Runs a model operator by operator over a whole batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError, ModelFileError
from tinygate.interpreter import elementwise, pooling, products
from tinygate.interpreter.rounding import CODES, Rounding
from tinygate.interpreter.softmax import softmax
from tinygate.interpreter.softmax16 import softmax16
from tinygate.tflite.model import NUMPY_TYPES, Operator, Tensor, TfliteModel
from tinygate.tflite.options import SoftmaxOptions

Arrays = dict[int, NDArray[Any]]
Rounder = Callable[[Operator], Rounding]


@dataclass(frozen=True)
class Interpretation:
    """What came out of a run.

    Attributes:
        outputs: the model's first output, [N, ...] without the model's batch dimension of 1.
        tensors: every tensor computed, by index, [N, *shape].
        accumulators: 32-bit sums, bias included, of convolutions and matrix products, by operator index, [N, *shape].
    """

    outputs: NDArray[Any]
    tensors: Mapping[int, NDArray[Any]]
    accumulators: Mapping[int, NDArray[np.int64]]


def interpret(
    model: TfliteModel, inputs: NDArray[Any], rounding: Rounding | Rounder = Rounding.DOUBLE
) -> Interpretation:
    """Run `inputs` [N, ...], in the model's own input type, through a quantized model.

    Operators: CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED, AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, ADD, RESHAPE, SQUEEZE,
    EXPAND_DIMS, SOFTMAX, QUANTIZE, DEQUANTIZE.

    Args:
        rounding: how convolutions and matrix products round: for all, or a function of the operator. `DOUBLE` is TFLM.

    Raises:
        ModelFileError: an operator, type or parameter that this interpreter does not have.
        DataError: inputs of another type or size; an accumulator that leaves its bits.
    """
    source = model.input
    expected = np.dtype(NUMPY_TYPES.get(source.dtype, "V"))
    if inputs.dtype != expected or not len(inputs) or inputs[0].size != source.element_count:
        raise DataError(f"input takes {source.dtype} samples of {source.shape}; got {inputs.dtype} {inputs.shape}.")
    tensors: Arrays = {source.index: inputs.reshape(len(inputs), *source.shape)}
    accumulators: dict[int, NDArray[np.int64]] = {}
    rounder: Rounder = rounding if callable(rounding) else lambda operator: rounding
    for operator in model.main.operators:
        _run(model, operator, tensors, accumulators, rounder(operator))
    final = tensors[model.main.outputs[0]]
    unbatched = final.reshape(len(final), *final.shape[2:]) if final.ndim > 1 and final.shape[1] == 1 else final
    return Interpretation(unbatched, tensors, accumulators)


def _run(
    model: TfliteModel, operator: Operator, tensors: Arrays, sums: dict[int, NDArray[np.int64]], rounding: Rounding
) -> None:
    result = model.main.tensors[operator.outputs[0]]
    inputs = [model.main.tensors[index] for index in operator.inputs if index >= 0]
    _check(operator, [tensor for tensor in (*inputs, result) if not tensor.is_constant])
    if inputs[0].index not in tensors:
        raise ModelFileError(f"operator {operator.index} {operator.name} has no computed input.")
    data = tensors[inputs[0].index]
    if operator.name in products.PRODUCTS:
        accumulated = products.accumulate(operator, inputs, data, result)
        sums[operator.index] = accumulated
        codes: NDArray[Any] = products.requantization_of(operator, inputs, result)(accumulated, rounding)
    elif operator.name in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        codes = pooling.pool(operator, data, result)
    elif operator.name == "MEAN":
        codes = pooling.mean(data, inputs[0], inputs[1].array(), result)
    elif operator.name == "ADD":
        codes = elementwise.add(operator, [_values(t, tensors) for t in inputs], inputs, result)
    elif operator.name in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS"):
        codes = data.reshape(len(data), *result.shape)
    elif operator.name == "SOFTMAX":
        beta = operator.options.beta if isinstance(operator.options, SoftmaxOptions) else 1.0
        is_wide = inputs[0].dtype == "int16"
        codes = softmax16(data, inputs[0], beta) if is_wide else softmax(data, inputs[0], result, beta)
    elif operator.name == "QUANTIZE":
        codes = elementwise.quantize(data, inputs[0], result)
    elif operator.name == "DEQUANTIZE":
        codes = elementwise.dequantize(data, inputs[0])
    else:
        raise ModelFileError(f"operator {operator.index} {operator.name} is not among those this interpreter has.")
    tensors[result.index] = codes.astype(NUMPY_TYPES[result.dtype])


def _values(tensor: Tensor, tensors: Arrays) -> NDArray[Any]:
    return tensor.array()[np.newaxis] if tensor.is_constant else tensors[tensor.index]


def _check(operator: Operator, tensors: list[Tensor]) -> None:
    """Demand one usable scale of every integer tensor that is computed with."""
    for tensor in tensors:
        is_float = tensor.dtype == "float32" and operator.name in ("QUANTIZE", "DEQUANTIZE")
        has_parameters = len(tensor.scales) == len(tensor.zero_points) == 1 and tensor.scales[0] > 0
        if not is_float and (tensor.dtype not in CODES or not has_parameters):
            raise ModelFileError(
                f"operator {operator.index} {operator.name}: tensor {tensor.index} of type {tensor.dtype} with "
                f"{len(tensor.scales)} scales; this interpreter takes int8 and int16 with one usable scale."
            )
