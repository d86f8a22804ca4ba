"""How often a run may be tried: who is to blame decides, and every attempt that failed is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygate.board.evidence import Run
from tinygate.errors import IdentityError, LabError, TinygateError


@dataclass(frozen=True)
class Attempts:
    """What came of it.

    Attributes:
        outcome: the run, or the error that ended the last attempt.
        failed: the errors of the attempts before it; not empty with a run means a flake.
    """

    outcome: Run | TinygateError
    failed: tuple[TinygateError, ...]


def retries_after(error: TinygateError) -> int:
    """Return how many more attempts an error allows: none for the firmware's own faults."""
    if isinstance(error, IdentityError):
        return 1
    return 2 if isinstance(error, LabError) else 0


def try_to_measure(measure: Callable[[], Run], start_again: Callable[[], None] | None) -> Attempts:
    """Measure, and measure again after a fault of the lab or the link.

    Args:
        measure: one attempt.
        start_again: flashes and resets the board for the next one; None where nothing can be the lab's fault.
    """
    failed: list[TinygateError] = []
    while True:
        try:
            return Attempts(measure(), tuple(failed))
        except TinygateError as error:
            if start_again is None or len(failed) >= retries_after(error):
                return Attempts(error, tuple(failed))
            failed.append(error)
        try:
            start_again()
        except (Exception, SystemExit) as error:  # esptool and pyserial raise what they like
            return Attempts(LabError(f"flashing again after a fault failed: {error}"), tuple(failed))
