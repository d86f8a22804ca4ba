"""The request that carries windows as the sensor gives them, and its reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tinygate.protocol.schema import Message
from tinygate.protocol.values import U32, Codec, Data, choice
from tinygate.protocol.words import Reset


@dataclass(frozen=True)
class InferRawRequest(Message):
    """Windows as the sensor gives them; `first`, `count`, `offset`, `data` and `reset` as for infer, of raw windows.

    Attributes:
        settings: what the device knows besides of every window in it, a bit each; None for no bit set.
        inputs: "yes" to be answered what the model was given, too.
    """

    KIND = "infer_raw"
    first: U32
    count: U32
    offset: U32
    data: Data
    reset: Annotated[Reset, Codec("reset", str, Reset)] | None = None
    settings: U32 | None = None
    inputs: Annotated[str, choice("yes")] | None = None


@dataclass(frozen=True)
class InferRaw(Message):
    """As for infer; of each window all outputs, then, where they were asked for, all inputs."""

    KIND = "infer_raw"
    first: U32
    count: U32
    data: Data = b""
