"""How often a run may be tried: who is to blame decides, and every attempt that failed is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygate.board.evidence import Run
from tinygate.errors import IdentityError, LabError, TinygateError, UnbootableError


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
    """Return how many more attempts an error allows: none for the firmware's own faults.

    Flashed and verified, and nothing boots: a board that was exchanged meanwhile looks so, and the next one tells.
    """
    if isinstance(error, IdentityError | UnbootableError):
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
            return _ended(measure(), failed)
        except TinygateError as error:
            if start_again is None or len(failed) >= retries_after(error):
                return _ended(error, failed)
            failed.append(error)
        try:
            start_again()
        except (Exception, SystemExit) as error:  # esptool and pyserial raise what they like
            return Attempts(LabError(f"flashing again after a fault failed: {error}"), tuple(failed))


def _ended(outcome: Run | TinygateError, failed: list[TinygateError]) -> Attempts:
    """Return what counts: that nothing booted stays the firmware's fault, unless the lab turns out to be to blame."""
    told = next((error for error in failed if isinstance(error, UnbootableError)), None)
    if told is None or isinstance(outcome, LabError):
        return Attempts(outcome, tuple(failed))
    return Attempts(told, tuple(error for error in failed if error is not told))
