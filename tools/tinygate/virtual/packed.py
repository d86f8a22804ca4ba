"""Data that came shorter over the line, as they were before."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import lz4.block
import numpy as np

from tinygate.protocol import InferRawRequest, InferRequest, Packing

_RequestT = TypeVar("_RequestT", InferRequest, InferRawRequest)


def unpacked(data: bytes, packing: Packing | None, size_bytes: int, history: bytes = b"") -> bytes:
    """Return `size_bytes` bytes as they were before they were packed. Raises ValueError: they are other ones."""
    if packing is None:
        plain = data
    else:
        try:
            plain = lz4.block.decompress(
                data, uncompressed_size=size_bytes, dict=history if packing is Packing.LZ4 else b""
            )
        except (lz4.block.LZ4BlockError, ValueError) as error:
            raise ValueError(f"no LZ4 block of {size_bytes} bytes: {error}") from error
    if len(plain) != size_bytes:
        raise ValueError(f"{len(plain)} bytes, {size_bytes} were told")
    if packing is Packing.PLANES:
        if size_bytes % 4:
            raise ValueError(f"{size_bytes} bytes are no whole values of four bytes")
        return np.frombuffer(plain, np.uint8).reshape(4, -1).T.tobytes()
    return plain


def plain(request: _RequestT, window_bytes: int, data_bytes: int) -> _RequestT:
    """Return a request with its windows as they were before they were packed.

    Args:
        request: it has data.
        window_bytes: of one window.
        data_bytes: most that a request may carry, unpacked.

    Raises:
        ValueError: they are more, or were packed otherwise.
    """
    if request.packing is None:
        return request
    size = request.count * window_bytes
    if size > data_bytes or request.packing is Packing.PLANES:
        raise ValueError(f"no block of LZ4 of {request.count} windows, at most {data_bytes} bytes")
    return replace(request, data=unpacked(request.data, request.packing, size), packing=None)
