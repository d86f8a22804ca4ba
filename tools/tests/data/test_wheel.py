"""A data file in a wheel is found without importing its package, and opened only when it is the right one."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.data.wheel import load_pickled_dict, locate_wheel_file, read_verified
from tinygate.errors import DataError

FILE = "seglearn/data/watch_dataset.npy"


class Trap:
    """Unpickling it leaves a trace."""

    sprung = False

    def __reduce__(self) -> tuple[Any, tuple[()]]:
        return _spring, ()


def _spring() -> dict[str, int]:
    Trap.sprung = True
    return {}


def npy(path: Path, content: object) -> str:
    np.save(path, np.array(content, dtype=object), allow_pickle=True)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_is_found_without_importing_the_package() -> None:
    assert locate_wheel_file("seglearn", "1.2.5", FILE).stat().st_size > 10**7
    assert "seglearn" not in sys.modules


@pytest.mark.parametrize(
    ("distribution", "version", "file", "complaint"),
    [
        ("no-such-distribution", "1.0", "x.npy", "not installed"),
        ("seglearn", "9.9", FILE, "1.2.5 is installed, expected 9.9"),
        ("seglearn", "1.2.5", "seglearn/data/none.npy", "without seglearn/data/none.npy"),
    ],
)
def test_what_is_missing_is_named_with_advice(distribution: str, version: str, file: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint) as error:
        locate_wheel_file(distribution, version, file)
    assert "install" in str(error.value)


def test_an_altered_file_is_never_unpickled(tmp_path: Path) -> None:
    npy(tmp_path / "x.npy", {"trap": Trap()})
    with pytest.raises(DataError, match="was altered"):
        load_pickled_dict(tmp_path / "x.npy", "0" * 64)
    assert not Trap.sprung


def test_the_right_file_is_read(tmp_path: Path) -> None:
    sha256 = npy(tmp_path / "x.npy", {"y": [1, 2]})
    assert load_pickled_dict(tmp_path / "x.npy", sha256) == {"y": [1, 2]}


def test_something_else_than_a_dictionary_is_refused(tmp_path: Path) -> None:
    sha256 = npy(tmp_path / "x.npy", [1, 2, 3])
    with pytest.raises(DataError, match="expected a dictionary"):
        load_pickled_dict(tmp_path / "x.npy", sha256)


def test_an_unreadable_file_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_verified(tmp_path / "none.npy", "0" * 64)


def test_a_hash_over_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(pickle.dumps({}))
    with pytest.raises(DataError, match="not unpickled"):
        read_verified(tmp_path / "x", hashlib.sha256(b"").hexdigest())
