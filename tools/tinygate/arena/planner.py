"""Where activations and scratch buffers lie: TensorFlow Lite Micro's greedy memory planner.

Mirrors `GreedyMemoryPlanner`: buffers with a place given offline first, then by size, largest first; equals in reverse
order of their numbers, so that scratch buffers, which are numbered after all tensors, come before tensors of their
size. Each takes the lowest gap among those that live at the same time.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

ONLINE = -1
"""The offset of a buffer that is not placed offline."""


@dataclass(frozen=True)
class Request:
    """A buffer to place.

    Attributes:
        size_bytes: a multiple of 16.
        first_use, last_use: steps of the model between which it is alive, both included.
        offline_offset: a place given in the file, or ONLINE.
    """

    size_bytes: int
    first_use: int
    last_use: int
    offline_offset: int = ONLINE


def place(requests: Sequence[Request]) -> tuple[int, ...]:
    """Return the offset of each buffer in bytes."""
    given = [i for i, request in enumerate(requests) if request.offline_offset != ONLINE]
    open_ = [i for i in reversed(range(len(requests))) if requests[i].offline_offset == ONLINE]
    open_.sort(key=lambda i: -requests[i].size_bytes)  # stable, as TFLM's sort is
    offsets = [request.offline_offset for request in requests]
    placed: list[tuple[int, int, int, int, int]] = []  # offset, order of placing, end, first use, last use
    for order, index in enumerate((*given, *open_)):
        request = requests[index]
        if request.offline_offset == ONLINE:
            offsets[index] = _lowest_gap(request, placed)
        entry = (offsets[index], order, offsets[index] + request.size_bytes, request.first_use, request.last_use)
        insort(placed, entry)
    return tuple(offsets)


def _lowest_gap(request: Request, placed: Sequence[tuple[int, int, int, int, int]]) -> int:
    candidate = 0
    for offset, _, end, first_use, last_use in placed:
        if first_use > request.last_use or request.first_use > last_use:
            continue
        if offset - candidate >= request.size_bytes:
            break
        candidate = max(candidate, end)
    return candidate


def extent(requests: Sequence[Request], offsets: Sequence[int]) -> int:
    """Return the end of the highest buffer, in bytes."""
    return max((o + r.size_bytes for r, o in zip(requests, offsets, strict=True)), default=0)
