"""Words that requests and replies choose from; docs/protocol.md has their tables."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """What an error record says; docs/protocol.md has the table."""

    BAD_FRAME = "bad_frame"
    BAD_CRC = "bad_crc"
    TOO_LARGE = "too_large"
    NO_CREDIT = "no_credit"
    BAD_SEQUENCE = "bad_sequence"
    LOST = "lost"
    WRONG_NONCE = "wrong_nonce"
    UNKNOWN_KIND = "unknown_kind"
    BAD_REQUEST = "bad_request"
    UNSUPPORTED = "unsupported"
    NO_MODEL = "no_model"
    SCHEMA = "schema"
    UNKNOWN_OPERATOR = "unknown_operator"
    ARENA_TOO_SMALL = "arena_too_small"
    INVOKE_FAILED = "invoke_failed"
    INTERNAL = "internal"


class Packing(StrEnum):
    """How data were made shorter."""

    LZ4 = "lz4"  # a block of LZ4; of a kept test set, what is kept before it is its history
    PLANES = "planes"  # the first bytes of all four-byte values, then the second ones, …; and of that a block of LZ4


class Reset(StrEnum):
    """Before which windows of an infer request the model's state is reset."""

    FIRST = "first"
    EACH = "each"
    ALONE = "alone"  # each, and no other request depends on it: it may overtake one that was lost

    @property
    def is_each(self) -> bool:
        """Whether state is reset before every window."""
        return self is not Reset.FIRST


class Application(StrEnum):
    """What the application around the model does meanwhile; idle where nothing is said."""

    RUNNING = "running"
