"""The greedy planner: who lies where."""

from __future__ import annotations

import pytest

from tinygate.arena.planner import Request, extent, place


@pytest.mark.parametrize(
    ("requests", "offsets"),
    [
        pytest.param([(32, 0, 1), (48, 1, 2)], (48, 0), id="the-largest-comes-first"),
        pytest.param([(32, 0, 1), (32, 1, 2)], (32, 0), id="of-two-equals-the-later-one-comes-first"),
        pytest.param([(32, 0, 1), (48, 2, 3)], (0, 0), id="what-never-meets-shares-memory"),
        pytest.param(
            [(64, 0, 9), (48, 0, 1), (32, 1, 2), (16, 0, 0)], (0, 64, 112, 112), id="a-gap-is-filled-from-below"
        ),
        pytest.param([(64, 0, 0), (32, 1, 9), (48, 0, 9)], (0, 0, 64), id="only-those-alive-at-the-same-time-count"),
        pytest.param([(16, 0, 1, 32), (48, 0, 1)], (32, 48), id="a-place-given-in-the-file-is-kept"),
        pytest.param([(16, 0, 1, 32), (32, 0, 1)], (32, 0), id="others-are-planned-around-it"),
    ],
)
def test_the_greedy_planner(requests: list[tuple[int, ...]], offsets: tuple[int, ...]) -> None:
    assert place([Request(*request) for request in requests]) == offsets


def test_the_extent_is_the_end_of_the_highest_buffer() -> None:
    requests = [Request(32, 0, 0), Request(16, 0, 0)]
    assert extent(requests, (0, 32)) == 48
    assert extent([], ()) == 0


def test_no_two_buffers_alive_at_once_overlap() -> None:
    requests = [Request(16 * (1 + i * 7 % 5), i % 6, i % 6 + i % 4) for i in range(60)]
    offsets = place(requests)
    for i, a in enumerate(requests):
        for j, b in enumerate(requests[:i]):
            together = a.first_use <= b.last_use and b.first_use <= a.last_use
            apart = offsets[i] >= offsets[j] + b.size_bytes or offsets[j] >= offsets[i] + a.size_bytes
            assert apart or not together
