"""The Pareto front: variants that no other beats in everything that counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Point = Sequence[float | None]
"""Costs of one variant, smaller is better in each; None for one that nobody knows, in which nothing is compared."""


def pareto_front(points: Mapping[str, Point]) -> tuple[str, ...]:
    """Return the names that no other point dominates: at least as good in all costs and better in one."""
    return tuple(
        name
        for name, point in points.items()
        if not any(dominates(other, point) for each, other in points.items() if each != name)
    )


def dominates(one: Point, other: Point) -> bool:
    """Whether a point is at least as good in every cost and better in one."""
    both = zip(one, other, strict=True)
    pairs = [(a, b) for a, b in both if a is not None and b is not None]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
