"""What a device is asked to make of raw windows, and what it answered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.board.shared_set import SharedSet
from tinygate.errors import TargetError
from tinygate.protocol import Hello, Infer

Raw = NDArray[Any]


@dataclass(frozen=True)
class RawPlan:
    """Raw windows to send.

    Attributes:
        samples: [N, samples, axes] in the type in which the sensor gives them.
        settings: [N] the settings' word of each.
        inputs: [N, bytes] what the host makes of each, as the model's inputs travel.
        shared: the same windows, where variants share them; None where that is not known.
    """

    samples: Raw
    settings: NDArray[np.uint32]
    inputs: NDArray[np.uint8]
    shared: SharedSet | None = None

    def windows(self, indices: Iterable[int]) -> Iterator[tuple[bytes, int]]:
        """Yield windows as they travel, little-endian, each with its settings' word."""
        for index in indices:
            yield as_sent(self.samples[index]), int(self.settings[index])

    def is_taken(self, hello: Hello) -> bool:
        """Return whether the application takes raw windows at all.

        Raises:
            TargetError: it takes other ones.
        """
        if hello.raw_bytes is None:
            return False
        found = (hello.raw_dtype, hello.raw_samples, hello.raw_axes)
        wanted = (self.samples.dtype.name, *self.samples.shape[1:])
        if found != wanted:
            raise TargetError(
                f"the application takes raw windows of {_shown(*found)}, the recipe describes {_shown(*wanted)}; build "
                "it from this recipe, or describe what its sensor gives"
            )
        return True


@dataclass(frozen=True)
class RawRun:
    """What a device made of raw windows.

    Attributes:
        preprocessing: what it says that it ran.
        inputs: what its model was given, [N, bytes].
        answers: its outputs, as an answer to `infer` has them.
        last: the number of the window that it was given last.
    """

    preprocessing: str
    inputs: NDArray[np.uint8]
    answers: Infer
    last: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has types; inputs by their sha256."""
        digest = hashlib.sha256(self.inputs.tobytes()).hexdigest()
        return {"preprocessing": self.preprocessing, "windows": len(self.inputs), "inputs_sha256": digest}


def as_sent(samples: Raw) -> bytes:
    """Return samples as they travel, little-endian."""
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()


def _shown(dtype: object, samples: object, axes: object) -> str:
    return f"{samples} × {axes} {dtype}"
