"""The request that carries windows as the sensor gives them, and its reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tinygate.protocol.line_messages import PACKING
from tinygate.protocol.schema import Message
from tinygate.protocol.values import U32, Codec, Data, choice
from tinygate.protocol.words import Packing, Reset


@dataclass(frozen=True)
class InferRawRequest(Message):
    """Windows as the sensor gives them; the fields of infer as there, of raw windows.

    Attributes:
        settings: what the device knows besides of every window in it, a bit each; None for no bit set.
        inputs: "yes" to be answered what the model was given itself, and not its CRC-32.
    """

    KIND = "infer_raw"
    first: U32
    count: U32
    offset: U32
    data: Data = b""
    reset: Annotated[Reset, Codec("reset", str, Reset)] | None = None
    packing: Annotated[Packing, PACKING] | None = None
    settings: U32 | None = None
    inputs: Annotated[str, choice("yes")] | None = None


@dataclass(frozen=True)
class InferRaw(Message):
    """As for infer; of each window all outputs, then the CRC-32 of its inputs (little-endian), or these themselves."""

    KIND = "infer_raw"
    first: U32
    count: U32
    data: Data = b""
