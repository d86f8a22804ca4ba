"""How a file's weights are spread over the codes or values that they could have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.tflite import Tensor, TfliteModel

BINS = 32
_TYPES: dict[str, np.dtype[Any]] = {"int8": np.dtype("i1"), "float32": np.dtype("<f4")}


def weights(tflite: TfliteModel) -> dict[str, Any]:
    """Return the histogram of all constants with two dimensions and more, as `Finding.detail` has it.

    Returns:
        For int8 over the codes -128 to 127; for float32 over -m to m, m being the largest magnitude. Nothing for a
        file without such constants.
    """
    constants = [tensor for graph in tflite.subgraphs for tensor in graph.tensors if _holds_weights(tensor)]
    kinds = {tensor.dtype for tensor in constants}
    dtype = "int8" if "int8" in kinds else "float32"
    values = [_values(tensor) for tensor in constants if tensor.dtype == dtype]
    flat = np.concatenate(values) if values else np.zeros(0)
    flat = flat[np.isfinite(flat)]
    if not flat.size:
        return {}
    end = float(np.abs(flat).max()) or 1.0
    low, high = (-128.0, 128.0) if dtype == "int8" else (-end, end)
    counts, _ = np.histogram(flat, BINS, (low, high))
    return {"weights": {"dtype": dtype, "low": low, "high": high, "counts": counts.tolist()}}


def _holds_weights(tensor: Tensor) -> bool:
    size = int(np.prod(tensor.shape, dtype=np.int64))
    return (
        len(tensor.shape) > 1
        and tensor.dtype in _TYPES
        and len(tensor.data) == size * _TYPES[tensor.dtype].itemsize > 0
    )


def _values(tensor: Tensor) -> NDArray[np.float64]:
    raw: NDArray[Any] = np.frombuffer(tensor.data, _TYPES[tensor.dtype])
    return raw.astype(np.float64)
