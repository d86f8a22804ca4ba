"""The host's path from raw samples to a model's input: a plan's operations in NumPy, one at a time, in its width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.preprocessing.plan import Operation, Plan

_OPERATIONS = {"multiply": np.multiply, "add": np.add, "subtract": np.subtract, "divide": np.divide}


def prepare(plan: Plan, raw: NDArray[Any], settings: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """Return model inputs [N, ...plan.shape] from raw windows [N, samples, axes], which are taken as they are.

    Args:
        plan: what to do.
        raw: of any type of numbers; `kinds.as_given` makes them the sensor's.
        settings: [N] the settings' word of each window; None for all bits 0.
    """
    dtype = np.dtype(plan.width)
    bits = np.zeros(len(raw), np.uint32) if settings is None else np.asarray(settings, np.uint32)
    with np.errstate(all="ignore"):  # NaN, infinity and overflow are values like others here
        values = raw[:, plan.first : plan.first + plan.samples, plan.sources].astype(dtype)
        for operation in plan.operations:
            values = _where(operation, bits, _applied(operation, values), values)
        values = values.transpose(0, 2, 1) if plan.axes_first else values
        return np.ascontiguousarray(values, np.float32).reshape(len(raw), *plan.shape)


def _applied(operation: Operation, values: NDArray[Any]) -> NDArray[Any]:
    constants = np.array(operation.constants, values.dtype)
    if operation.kind == "at_least":
        return np.where(values < constants, constants, values)  # NaN stays NaN
    if operation.kind == "at_most":
        return np.where(values > constants, constants, values)
    result: NDArray[Any] = _OPERATIONS[operation.kind](values, constants)
    return result


def _where(operation: Operation, bits: NDArray[np.uint32], changed: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    if operation.setting is None:
        return changed
    applies = (bits >> np.uint32(operation.setting)) & 1 == 1
    return np.where(applies[:, None, None], changed, values)
