"""One .npz file: test inputs and nothing else must be there; whatever cannot be used is one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.calibration.leakage import check_origin, check_overlap
from tinygate.calibration.representative_set import as_set
from tinygate.data.archive import read_archive
from tinygate.data.arrays import dataset_from_npz
from tinygate.errors import DataError

WINDOWS = np.random.default_rng(0).normal(size=(6, 10, 2)).astype(np.float32)
NAMES = ("still", "walking")


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    return tmp_path / "eval.npz"


def test_test_inputs_are_enough(npz: Path) -> None:
    np.savez(npz, test_inputs=WINDOWS)
    data = dataset_from_npz(npz)
    assert (len(data.test), data.has("train"), data.test.has("labels")) == (6, False, False)
    assert data.test.clusters.tolist() == [*range(6)]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "bool", "float32"])
def test_inputs_keep_their_type(npz: Path, dtype: str) -> None:
    np.savez(npz, test_inputs=np.zeros((3, 2), dtype))
    assert dataset_from_npz(npz).test.inputs.dtype == dtype


def test_several_inputs_stand_under_their_names(npz: Path) -> None:
    np.savez(npz, test_inputs_sound=WINDOWS, test_inputs_motion=WINDOWS[:, :3])
    assert set(dataset_from_npz(npz).test.all_inputs) == {"sound", "motion"}


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda data: data.train, "eval.npz: no array train_inputs"),
        (lambda data: data.test.labels, "eval.npz: no array test_labels"),
        (lambda data: data.test.recordings, "eval.npz: no array test_recordings"),
    ],
)
def test_what_is_missing_is_named_when_it_is_needed(npz: Path, ask: Any, sentence: str) -> None:
    np.savez(npz, test_inputs=WINDOWS)
    with pytest.raises(DataError, match=sentence):
        ask(dataset_from_npz(npz))


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"test_labels": np.array([0, 1, 2, 0, 1, 0])}, r"test_labels: label 2, but 2 class names"),
        ({"test_labels": np.array([0, 1, -1, 0, 1, 0])}, r"test_labels: label -1, but 2 class names"),
        ({"test_labels": np.eye(2, dtype=int)[[0, 1, 0, 1, 0, 1]]}, r"test_labels: .* one-hot\? take argmax"),
        ({"test_labels": np.zeros(6)}, r"test_labels: float64 of shape \(6,\); expected integers"),
        ({"test_labels": np.array(["a"] * 6)}, r"test_labels: text; expected numbers"),
        ({"test_labels": np.zeros(5, int)}, r"test_labels: 5 entries for 6 windows"),
        ({"test_recordings": np.zeros(6)}, r"test_recordings: float64 .* expected integers"),
        ({"test_inputs": WINDOWS.astype(str)}, r"test_inputs: text; expected numbers"),
        ({"test_inputs": np.where(WINDOWS > 1, np.nan, WINDOWS)}, r"test_inputs: NaN or infinity in \d of 6 windows, first"),
        ({"train_inputs": np.full((4, 2), np.inf)}, r"train_inputs: NaN or infinity in 4 of 4"),
        ({"validation_inputs": np.full((4, 2), np.nan)}, r"validation_inputs: NaN"),
        ({"test_inputs": WINDOWS[:0]}, r"test_inputs holds 0 windows; at least 2"),
        ({"test_inputs": WINDOWS[:1]}, r"test_inputs holds 1 windows; at least 2"),
        ({"test_inputs": np.float32(1)}, r"test_inputs: a single value"),
        ({"train_labels": np.zeros(3, int)}, r"train_labels without train_inputs"),
        ({"test_inputs": WINDOWS.astype(complex)}, r"test_inputs: values of type complex"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_one_sentence(npz: Path, arrays: dict[str, Any], sentence: str) -> None:
    np.savez(npz, **({"test_inputs": WINDOWS} | arrays))
    with pytest.raises(DataError, match=sentence) as caught:
        dataset_from_npz(npz, NAMES)
    assert str(caught.value).startswith(str(npz))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "an empty file"),
        (b"test_inputs\n1,2,3\n", r"not a readable .npz of plain arrays \(text\)"),
        (b"PK\x03\x04 cut off \xff\xfe\x00", "damaged, cut off"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer.*git lfs pull"),
    ],
)
def test_what_is_no_npz_is_called_what_it_is(npz: Path, content: bytes, sentence: str) -> None:
    npz.write_bytes(content)
    with pytest.raises(DataError, match=sentence):
        dataset_from_npz(npz)


def test_a_cut_off_file_a_pipe_a_folder_and_nothing_are_refused(npz: Path) -> None:
    np.savez(npz, test_inputs=WINDOWS)
    npz.write_bytes(npz.read_bytes()[:-40])
    pipe = npz.with_name("pipe.npz")
    os.mkfifo(pipe)
    for path, what in ((npz, "cut off"), (pipe, "a named pipe"), (npz.parent, "a folder"), (npz.with_name("x"), "cannot be read")):  # fmt: skip
        with pytest.raises(DataError, match=what):
            dataset_from_npz(path)


def test_pickles_are_not_read(npz: Path) -> None:
    np.savez(npz, test_inputs=np.array([{}], object))
    with pytest.raises(DataError, match="pickled"):
        dataset_from_npz(npz)


def test_compare_reads_the_same_file(npz: Path) -> None:
    np.savez(npz, test_inputs=WINDOWS, test_labels=np.zeros(6, int))
    assert set(read_archive(npz, ("inputs",), ("labels", "recordings"))) == {"inputs", "labels"}


@pytest.mark.parametrize("recordings", [None, "counted anew in each part"])
def test_recordings_numbered_in_each_part_are_not_shared(npz: Path, recordings: str | None) -> None:
    generator = np.random.default_rng(1)
    arrays: dict[str, Any] = {f"{part}_inputs": generator.normal(size=(20, 10, 2)) for part in ("train", "test")}
    if recordings:
        arrays |= {f"{part}_recordings": np.arange(20) // 4 for part in ("train", "test")}
        arrays |= {f"{part}_starts": np.arange(20) % 4 * 10 for part in ("train", "test")}
    np.savez(npz, **arrays)
    data = dataset_from_npz(npz)
    given = as_set(data.train, data)
    assert [f for f in (*check_origin(given, data), *check_overlap(given, data)) if f.severity] == []


DESCRIPTION = {
    "kind": "steps",
    "width": "float32",
    "raw": {"dtype": "int16", "samples": 10, "axes": ["x", "y"], "settings": ["left"]},
    "steps": [{"step": "flip", "axes": ["x"], "where": "left"}, {"step": "scale", "by": 0.5}],
}


def test_inputs_are_made_of_raw_windows_where_these_alone_are_there(npz: Path) -> None:
    raw = np.arange(120, dtype=np.int16).reshape(6, 10, 2)
    np.savez(npz, test_raw=raw, test_settings=np.array([0, 1, 0, 0, 0, 0]), test_labels=np.zeros(6, int))
    data = dataset_from_npz(npz, preprocessing=DESCRIPTION)
    assert data.test.inputs[0, 0].tolist() == [0.0, 0.5]
    assert data.test.inputs[1, 0].tolist() == [-10.0, 10.5]
    assert data.test.raw is not None
    assert data.test.raw.settings.tolist() == [0, 1, 0, 0, 0, 0]
    assert data.preprocessing == DESCRIPTION


def test_raw_windows_without_a_description_make_no_inputs(npz: Path) -> None:
    np.savez(npz, test_raw=np.zeros((6, 10, 2), np.int16))
    with pytest.raises(DataError, match=r"no array test_inputs; found: test_raw"):
        dataset_from_npz(npz)


@pytest.mark.parametrize(
    ("raw", "settings", "sentence"),
    [
        (np.zeros((5, 10, 2)), None, "test_raw: 5 entries for 6 windows"),
        (np.zeros((6, 10)), None, r"expected numbers \[windows, samples, axes\]"),
        (np.zeros((6, 10, 2)), np.zeros(5, int), "test_raw_settings: 5 entries for 6 windows"),
        (np.zeros((6, 10, 2)), np.full(6, -1), "expected words of 32 bits"),
    ],
)
def test_raw_windows_that_are_none_are_one_sentence(npz: Path, raw: Any, settings: Any, sentence: str) -> None:
    more = {} if settings is None else {"test_settings": settings}
    np.savez(npz, test_inputs=WINDOWS, test_raw=raw, **more)
    with pytest.raises(DataError, match=sentence):
        dataset_from_npz(npz)
