"""Arrays as a model can be judged on: numbers, finite, one entry per window. Each refusal names file and array."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError

NUMBERS = "fiub"


def check_inputs(inputs: NDArray[Any] | Mapping[str, NDArray[Any]], part: str, source: str) -> dict[str, NDArray[Any]]:
    """Return inputs [N, ...] by name, one alone under "", doubles as float32.

    Raises:
        DataError: none, text, objects, complex numbers, NaN, infinity, or inputs of different lengths.
    """
    named = dict(inputs) if isinstance(inputs, Mapping) else {"": np.asarray(inputs)}
    if not named:
        raise DataError(f"{source}: no inputs of the part {part or 'test'}.")
    found = {}
    for name, array in named.items():
        where = f"{source}: {_array(part, 'inputs', name)}"
        _check_numbers(array, where)
        if not array.ndim:
            raise DataError(f"{where}: a single value; expected [windows, ...].")
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinity, refused below
            found[name] = np.ascontiguousarray(array, np.float32) if array.dtype.kind == "f" else array
        check_finite(found[name], where)
    lengths = {len(array) for array in found.values()}
    if len(lengths) > 1:
        counts = {_array(part, "inputs", name): len(array) for name, array in found.items()}
        raise DataError(f"{source}: inputs of different lengths {counts}; expected one entry of each per window.")
    return found


def check_columns(
    columns: Mapping[str, NDArray[Any] | None], count: int, part: str, source: str
) -> dict[str, NDArray[Any]]:
    """Return the columns that are there: labels as they are (bool and integers as int64), the others int64 [N].

    Raises:
        DataError: text, NaN, another length than the inputs', or no integers where they are due.
    """
    found = {}
    for name, given in columns.items():
        if given is None:
            continue
        array, where = np.asarray(given), f"{source}: {_array(part, name)}"
        _check_numbers(array, where)
        check_finite(array, where)
        if not array.ndim or len(array) != count:
            entries = len(array) if array.ndim else 1
            raise DataError(f"{where}: {entries} entries for {count} windows; expected one for each.")
        whole = array.dtype.kind in "iub"
        if name != "labels" and (not whole or array.ndim != 1):
            raise DataError(f"{where}: {array.dtype} of shape {array.shape}; expected integers [windows].")
        if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
            raise DataError(f"{where}: {array.max()}, which is beyond any label or number; mend the data.")
        found[name] = array.astype(np.int64) if whole else array
    return found


def check_finite(array: NDArray[Any], where: str) -> None:
    """Raise DataError for NaN or infinity, naming the first window of [N, ...] that holds one."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return
    spoilt = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
    first = int(spoilt.argmax())
    raise DataError(
        f"{where}: NaN or infinity in {int(spoilt.sum())} of {len(array)} windows, first in window {first}."
    )


def _check_numbers(array: NDArray[Any], where: str) -> None:
    if array.dtype.kind in NUMBERS:
        return
    kind = "text" if array.dtype.kind in "US" else f"values of type {array.dtype}"
    raise DataError(f"{where}: {kind}; expected numbers.")


def _array(part: str, column: str, name: str = "") -> str:
    return "_".join(piece for piece in (part, column, name) if piece)
