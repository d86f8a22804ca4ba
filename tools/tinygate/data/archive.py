"""Reads the arrays of an .npz file that a user names, and refuses what is not what it should be in one sentence."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.store.files import is_text, read_file

Arrays = dict[str, NDArray[Any]]


def read_arrays(path: Path, wanted: str = "arrays") -> tuple[Arrays, bytes]:
    """Return every array of an .npz file, pickles never, and the file's bytes.

    Args:
        path: the file.
        wanted: the arrays that are hoped for, for the sentence that says they are not there.

    Raises:
        DataError: no such file, no .npz, cut off, or an array made of objects.
    """
    content = read_file(path, f"an .npz file with {wanted}", DataError)
    try:
        stored = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(stored, np.ndarray):
            raise DataError(f"{path}: a single array, expected an .npz with {wanted}: use numpy.savez.")
        with stored:
            return {name: stored[name] for name in stored.files}, content
    except DataError:
        raise
    except Exception as error:  # a damaged archive raises whatever zip, zlib or numpy stumble over
        what = "text" if is_text(content) else "damaged, cut off, or of pickled objects"
        raise DataError(f"{path}: not a readable .npz of plain arrays ({what}); write it with numpy.savez.") from error


def read_archive(path: Path, required: Sequence[str], optional: Sequence[str] = (), prefix: str = "test_") -> Arrays:
    """Return the named arrays of an .npz file, those of `optional` that are there.

    An array may stand under its name or under its name with `prefix`, as in the file that a data set is read from.

    Raises:
        DataError: no such file, no .npz, an array missing or made of objects, or arrays of different lengths.
    """
    arrays, _ = read_arrays(path, ", ".join(required))
    stored_as = {name: next((n for n in (name, prefix + name) if n in arrays), None) for name in (*required, *optional)}
    found = {name: arrays[stored] for name, stored in stored_as.items() if stored is not None}
    absent = [name for name in required if name not in found]
    if absent:
        raise DataError(
            f"{path}: no array {absent[0]!r} or {prefix + absent[0]!r}; it has {', '.join(arrays) or 'none'}."
        )
    lengths = {name: len(array) if array.ndim else 0 for name, array in found.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{path}: arrays of different lengths {lengths}; expected one entry per sample in each.")
    return found
