"""What is asked of the line itself and of a test set that is kept, and the answers; docs/protocol.md, section 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tinygate.protocol.schema import Message
from tinygate.protocol.values import U32, Codec, Data, Sha256
from tinygate.protocol.words import Packing

PACKING = Codec("packing", str, Packing)


@dataclass(frozen=True)
class StoreRequest(Message):
    """Ask how much of a test set is kept; another one that is kept is given up for it.

    Attributes:
        sha256, size_bytes: of all windows in real values, each one's inputs one after the other, float32 little-endian.
    """

    KIND = "store"
    sha256: Sha256
    size_bytes: U32


@dataclass(frozen=True)
class KeepRequest(Message):
    """Append to the test set that was asked for last; `size_bytes` bytes, unpacked, from `offset` on."""

    KIND = "keep"
    offset: U32
    size_bytes: U32
    data: Data
    packing: Annotated[Packing, PACKING] | None = None


@dataclass(frozen=True)
class LoopbackRequest(Message):
    """Ask for the same bytes again: whether the line carries them, both ways."""

    KIND = "loopback"
    data: Data


@dataclass(frozen=True)
class RateRequest(Message):
    """Change the line's rate, after the answer."""

    KIND = "rate"
    baud: U32


@dataclass(frozen=True)
class Store(Message):
    """Bytes of the test set that are kept, from its beginning on."""

    KIND = "store"
    have: U32


@dataclass(frozen=True)
class Keep(Message):
    """Likewise, after appending; 0 when all had come, and its sha256 is another one."""

    KIND = "keep"
    have: U32


@dataclass(frozen=True)
class Loopback(Message):
    """The bytes of the request."""

    KIND = "loopback"
    data: Data


@dataclass(frozen=True)
class Rate(Message):
    """The rate from the end of this reply on."""

    KIND = "rate"
    baud: U32
