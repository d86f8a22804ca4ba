"""What a device is asked to make of raw windows, and what it answered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import TargetError
from tinygate.protocol import Hello, Infer, InferRaw

Raw = NDArray[Any]


@dataclass(frozen=True)
class RawPlan:
    """Raw windows to send.

    Attributes:
        samples: [N, samples, axes] in the type in which the sensor gives them.
        settings: [N] the settings' word of each.
    """

    samples: Raw
    settings: NDArray[np.uint32]

    def windows(self) -> Iterator[tuple[bytes, int]]:
        """Yield each window as it travels, little-endian, with its settings' word."""
        dtype = self.samples.dtype.newbyteorder("<")
        for window, word in zip(self.samples, self.settings, strict=True):
            yield window.astype(dtype, copy=False).tobytes(), int(word)

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
    """

    preprocessing: str
    inputs: NDArray[np.uint8]
    answers: Infer

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has types; inputs by their sha256."""
        digest = hashlib.sha256(self.inputs.tobytes()).hexdigest()
        return {"preprocessing": self.preprocessing, "windows": len(self.inputs), "inputs_sha256": digest}


def assemble_raw(answers: Sequence[InferRaw], hello: Hello, count: int) -> RawRun | None:
    """Join the answers to raw windows; None where there are none.

    Raises:
        TargetError: windows are missing, repeated or out of order, or an answer has the wrong size.
    """
    if not answers:
        return None
    size, expected, parts = hello.result_bytes + hello.window_bytes, 0, list[bytes]()
    for answer in (answer for answer in answers if answer.count):
        if answer.first != expected or len(answer.data) != answer.count * size:
            raise TargetError(
                f"the application answered raw windows {answer.first}…{answer.first + answer.count - 1} with "
                f"{len(answer.data)} bytes; expected windows from {expected} on, {size} bytes each"
            )
        expected += answer.count
        parts.append(answer.data)
    if expected != count:
        raise TargetError(f"the application answered {expected} raw windows of {count}: look at its preprocessing")
    rows = np.frombuffer(b"".join(parts), np.uint8).reshape(count, size)
    outputs = Infer(0, count, rows[:, : hello.result_bytes].tobytes())
    return RawRun(str(hello.preprocessing), rows[:, hello.result_bytes :], outputs)


def _shown(dtype: object, samples: object, axes: object) -> str:
    return f"{samples} × {axes} {dtype}"
