"""A test set in real values, or as the sensor gives it, which variants of a model share however each quantizes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class SharedSet:
    """A test set before any quantization.

    Attributes:
        content: all windows: of each its inputs one after the other in float32, or its raw samples, little-endian.
        saves_bytes: what all variants that share it would be sent without it.
    """

    content: bytes
    saves_bytes: int

    @cached_property
    def sha256(self) -> str:
        """Its identity."""
        return hashlib.sha256(self.content).hexdigest()
