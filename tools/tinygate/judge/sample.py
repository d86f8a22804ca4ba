"""What a sample can decide: a share of right answers among few windows says little about the model."""

from __future__ import annotations

from math import sqrt

_Z = 1.6449  # 95 %, one-sided: only "at least" is demanded
_MOST = 10_000_000


def undecided(percent: float, floor_percent: float, windows: int) -> str:
    """Return why a share that reaches its floor does not prove it; empty if it does.

    It does when the lower end of Wilson's one-sided 95 % interval reaches the floor.
    """
    low = lower_percent(percent, windows)
    if low >= floor_percent:
        return ""
    needed = windows_needed(percent, floor_percent)
    enough = f"about {needed} windows of this share would decide" if needed else "no number of windows would decide"
    return f"{windows} windows are too few: with them the share may be as low as {low:.2f} %; {enough}."


def lower_percent(percent: float, windows: int) -> float:
    """Return the lower end of Wilson's one-sided 95 % interval, in percent."""
    share, square = percent / 100, _Z * _Z / windows
    middle, half = share + square / 2, sqrt(square * (share * (1 - share) + square / 4))
    return 100 * (middle - half) / (1 + square)


def interval_percent(percent: float, windows: int) -> tuple[float, float]:
    """Return Wilson's two-sided 90 % interval: its lower end is what a floor is held against."""
    return lower_percent(percent, windows), 100 - lower_percent(100 - percent, windows)


def windows_needed(percent: float, floor_percent: float) -> int | None:
    """Return how many windows of this share decide; None if none do, since share and floor are one."""
    low, high = 1, _MOST
    if percent <= floor_percent or lower_percent(percent, high) < floor_percent:
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if lower_percent(percent, middle) >= floor_percent else (middle + 1, high)
    return low
