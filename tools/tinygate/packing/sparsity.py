"""How many weights are zero, layer by layer, read back from a .tflite; and how they are distributed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.tflite import Tensor, TfliteModel
from tinygate.tflite.model import NUMPY_TYPES
from tinygate.tflm.work import weights_of


def sparsity(model: TfliteModel) -> dict[str, float]:
    """Return the share of zeros among the weights of each layer, by number and operator, and of "all" together.

    A code that stands for zero counts, whatever its number; -0.0 does too.
    """
    layers = dict(_zeros(model))
    joined = np.concatenate(list(layers.values())) if layers else np.zeros(1, bool)
    return {**{name: float(zeros.mean()) for name, zeros in layers.items()}, "all": float(joined.mean())}


def real_weights(model: TfliteModel) -> dict[str, NDArray[np.float64]]:
    """Return the weights of each layer in real units, flat [n], by number and operator."""
    found = {}
    for name, tensor in _weights(model):
        values, scales = tensor.array().astype(np.float64), np.array(tensor.scales or (1.0,))
        zeros = np.array(tensor.zero_points or (0,), np.float64)
        shape = [1] * values.ndim
        if len(scales) > 1:
            shape[tensor.quantized_dimension] = len(scales)
            zeros = zeros if len(zeros) > 1 else np.repeat(zeros, len(scales))
        found[name] = ((values - zeros.reshape(shape)) * scales.reshape(shape)).ravel()
    return found


def _zeros(model: TfliteModel) -> Iterator[tuple[str, NDArray[Any]]]:
    return ((name, values == 0) for name, values in real_weights(model).items())


def _weights(model: TfliteModel) -> Iterator[tuple[str, Tensor]]:
    for operator in model.main.operators:
        tensor = weights_of(operator, model.main)
        if tensor is not None and tensor.data and tensor.dtype in NUMPY_TYPES:
            yield f"{operator.index} {operator.name}", tensor
