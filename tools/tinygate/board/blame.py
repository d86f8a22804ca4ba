"""Whose job it is: the clause that every fault of a run ends with, after what happened and what to look at."""

from __future__ import annotations

from tinygate.errors import IdentityError, InputError, LabError, LinkError, TargetError, TinygateError

_JOBS: tuple[tuple[type[TinygateError], str], ...] = (
    (TargetError, "The firmware's to mend, by whoever changed it last; it is not tried again."),
    (LinkError, "The lab's to mend: the line between board and host. Nothing is known of model or firmware."),
    (IdentityError, "The lab's to mend: flash the board again, or name another one. Nothing was measured."),
    (LabError, "The lab's to mend. Nothing is known of model or firmware."),
    (InputError, "To mend by whoever brought the file or option that is named."),
)


def whose_job(error: TinygateError) -> str:
    """Return who must act, in a sentence; of evidence that is too weak it says nothing."""
    return next((job for kind, job in _JOBS if isinstance(error, kind)), "")
