"""Each rule of a representative set notices the set that breaks it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tinygate.data import Dataset, Split, representative
from tinygate.data.windows import Recording, make_split
from tinygate.errors import DataError


@dataclass(frozen=True)
class Sample:
    sha256: str
    label: int
    subject: int
    recording: int
    start: int


def split(first: int, subjects: int) -> Split:
    generator = np.random.default_rng(first)
    recordings = [
        Recording(first + n, first + n // 3, n % 3, generator.normal(size=(200, 2))) for n in range(3 * subjects)
    ]
    return make_split(recordings, lambda _, windows: windows.astype(np.float32), length=10, stride=10)


TRAIN, TEST = split(0, subjects=4), split(100, subjects=2)
DATASET = Dataset(TRAIN, TEST, TEST, ("a", "b", "c"), "0" * 64, {})


def samples(source: Split, indices: np.ndarray) -> list[Sample]:
    return [
        Sample(source.raw_sha256[i], int(source.labels[i]), int(source.subjects[i]), int(r), int(source.starts[i]))
        for i, r in zip(indices, source.recordings[indices], strict=True)
    ]


GOOD = samples(TRAIN, np.arange(0, len(TRAIN), 2))


def test_a_sound_set_breaks_no_rule() -> None:
    assert representative.unreal(GOOD, TRAIN) == 0
    assert representative.smallest_class_share(GOOD, 3) == pytest.approx(1)
    assert set(representative.leaked(GOOD, TEST).values()) == {0}
    assert representative.largest_shift(GOOD, DATASET) < representative.MAX_SHIFT


@pytest.mark.parametrize(
    "change", [{"sha256": "f" * 64}, {"start": 5}, {"recording": 99}, {"label": 2}, {"subject": 3}]
)
def test_an_invented_sample_is_unreal(change: dict[str, int | str]) -> None:
    assert representative.unreal([replace(GOOD[0], **change), *GOOD[1:]], TRAIN) == 1  # type: ignore[arg-type]


def test_a_sample_given_twice_counts_once() -> None:
    assert representative.unreal([GOOD[0], *GOOD], TRAIN) == 1


def test_a_missing_class_has_no_share() -> None:
    assert representative.smallest_class_share([s for s in GOOD if s.label != 2], 3) == 0
    assert representative.smallest_class_share([], 3) == 0


def test_test_windows_are_leaks() -> None:
    stolen = samples(TEST, np.arange(3))
    assert representative.leaked([*GOOD, *stolen], TEST) == {"windows": 3, "recordings": 3, "subjects": 3}


def test_a_test_window_under_a_false_name_is_still_a_leak() -> None:
    assert representative.leaked([replace(GOOD[0], sha256=TEST.raw_sha256[0])], TEST)["windows"] == 1


def test_a_one_sided_choice_is_a_shift() -> None:
    loudest = np.argsort(TRAIN.inputs.std(axis=(1, 2)))[-20:]
    assert representative.largest_shift(samples(TRAIN, loudest), DATASET) > representative.MAX_SHIFT


def test_a_shift_of_unreal_samples_cannot_be_told() -> None:
    with pytest.raises(DataError, match="no training windows"):
        representative.largest_shift([replace(GOOD[0], start=5)], DATASET)
