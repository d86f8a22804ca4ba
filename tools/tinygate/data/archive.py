"""Reads the arrays of an .npz file that a user names, and refuses what is not what it should be in one sentence."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError


def read_archive(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return the named arrays of an .npz file, those of `optional` that are there; pickles are not read.

    Raises:
        DataError: no such file, no .npz, an array missing or made of objects, or arrays of different lengths.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            if not hasattr(stored, "files"):
                raise DataError(
                    f"{path}: a single array, expected an .npz with {', '.join(required)}: use numpy.savez."
                )
            found = {name: stored[name] for name in (*required, *optional) if name in stored.files}
            names = stored.files
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error}); expected an .npz file.") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not a readable .npz of plain arrays; write it with numpy.savez.") from error
    absent = [name for name in required if name not in found]
    if absent:
        raise DataError(f"{path}: no array {absent[0]!r}; it has {', '.join(names) or 'none'}.")
    lengths = {name: len(array) if array.ndim else 0 for name, array in found.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{path}: arrays of different lengths {lengths}; expected one entry per sample in each.")
    return found
