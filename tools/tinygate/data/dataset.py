"""What a recipe hands over: three disjoint splits, ready for the model, and the constants that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data.hashing import json_sha256
from tinygate.errors import DataError


@dataclass(frozen=True)
class Split:
    """Windows of one part of a data set, all arrays aligned along their first axis.

    Attributes:
        inputs: float32 [N, ...model input shape without batch], preprocessed as the model takes them.
        labels: int64 [N], index into `Dataset.class_names`.
        subjects: int64 [N], who was recorded.
        recordings: int64 [N], index of the recording the window was cut from.
        starts: int64 [N], first sample of the window in its recording.
        raw_sha256: one hash per window over the samples as recorded, before any preprocessing.
    """

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[np.int64]
    recordings: NDArray[np.int64]
    starts: NDArray[np.int64]
    raw_sha256: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lengths = {len(self.inputs), len(self.labels), len(self.subjects), len(self.recordings), len(self.starts)}
        if self.raw_sha256:
            lengths.add(len(self.raw_sha256))
        if len(lengths) != 1:
            raise DataError(
                f"a split's arrays have {sorted(lengths)} entries, expected as many of each; mend the recipe"
            )

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """A data set split by subject.

    Attributes:
        train: what the model learns from; calibration samples come from here and nowhere else.
        validation: what choices are made on.
        test: what is judged; used for nothing else.
        class_names: in label order.
        sha256: hash of the source file.
        preprocessing: JSON-able constants from raw samples to `inputs`; firmware needs the same ones.
    """

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]
    sha256: str
    preprocessing: Mapping[str, Any]

    @property
    def preprocessing_sha256(self) -> str:
        """Hash of the preprocessing constants, as the manifest records it."""
        return json_sha256(self.preprocessing)
