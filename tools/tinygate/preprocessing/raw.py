"""Windows as a sensor gives them, and what the device knows besides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygate.errors import DataError


@dataclass(frozen=True)
class RawWindows:
    """Raw windows, before any preprocessing.

    Attributes:
        samples: [N, samples, axes], numbers of any type.
        settings: [N], the settings' word of each window, bit 0 for the first setting.
    """

    samples: NDArray[Any]
    settings: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.samples)


def raw_windows(samples: ArrayLike, settings: ArrayLike | None, count: int, where: str) -> RawWindows:
    """Return raw windows after a check.

    Args:
        samples: [N, samples, axes].
        settings: [N] words; None for no bit set.
        count: N.
        where: whose they are, for messages.

    Raises:
        DataError: no numbers, another number of windows, or settings that are no words of 32 bits.
    """
    array = np.asarray(samples)
    words = np.zeros(count, np.uint32) if settings is None else np.asarray(settings)
    if array.dtype.kind not in "iuf" or array.ndim != 3:
        raise DataError(f"{where}: {array.dtype} of shape {array.shape}; expected numbers [windows, samples, axes].")
    if (
        words.ndim != 1
        or words.dtype.kind not in "biu"
        or (words.size and not 0 <= int(words.min()) <= int(words.max()) < 2**32)
    ):
        raise DataError(f"{where}_settings: {words.dtype} of shape {words.shape}; expected words of 32 bits [windows].")
    for name, entries in ((where, len(array)), (f"{where}_settings", len(words))):
        if entries != count:
            raise DataError(f"{name}: {entries} entries for {count} windows; expected one for each.")
    return RawWindows(array, words.astype(np.uint32))
