"""Reads a data file out of an installed wheel without importing the package that carries it.

A data wheel's code may be old or slow to import; its data file is all that is wanted. Nothing of it is trusted before
its hash is proven, which matters most for pickles.
"""

from __future__ import annotations

import hashlib
import io
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tinygate.errors import DataError


def locate_wheel_file(distribution: str, version: str, file: str) -> Path:
    """Return where `file` (a path inside the wheel, "seglearn/data/x.npy") of an installed distribution lies.

    Raises:
        DataError: the distribution is not installed, is of another version, or lacks the file.
    """
    advice = f"install it with `pip install --no-deps {distribution}=={version}` or `make .venv/.ready`"
    try:
        installed = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        raise DataError(f"{distribution} is not installed, expected {version} with {file}; {advice}") from None
    if installed.version != version:
        raise DataError(f"{distribution} {installed.version} is installed, expected {version} with {file}; {advice}")
    path = Path(str(installed.locate_file(file)))
    if not path.is_file():
        raise DataError(f"{distribution} {version} is installed without {file}, expected it at {path}; re{advice}")
    return path


def read_verified(path: Path, sha256: str) -> bytes:
    """Return the bytes of `path`, whose sha256 must be the given one.

    Raises:
        DataError: the file cannot be read or its content is another.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); install the data set again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(
            f"{path} was altered: its sha256 is {found}, expected {sha256}; it was not unpickled. "
            "Install the data set again, or update the hash in the recipe if the change is meant"
        )
    return content


def load_pickled_dict(path: Path, sha256: str) -> dict[str, Any]:
    """Return the dictionary that a `.npy` pickle holds; the hash is proven before anything is unpickled.

    Raises:
        DataError: missing, altered, or no dictionary.
    """
    content = read_verified(path, sha256)
    loaded = np.load(io.BytesIO(content), allow_pickle=True)
    value = loaded.item() if loaded.shape == () else loaded
    if not isinstance(value, dict):
        raise DataError(
            f"{path} holds a {type(value).__name__}, expected a dictionary; name another file in the recipe"
        )
    return value
