"""A test set in real values, which variants of a model share however each of them quantizes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class SharedSet:
    """A test set in real values.

    Attributes:
        content: all windows, each one's inputs one after the other, float32 little-endian.
        saves_bytes: what all variants that share it would be sent without it.
    """

    content: bytes
    saves_bytes: int

    @cached_property
    def sha256(self) -> str:
        """Its identity."""
        return hashlib.sha256(self.content).hexdigest()
