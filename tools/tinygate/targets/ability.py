"""One thing that a machine may be able to do, for `tinygate doctor`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ability:
    """One thing that a machine may be able to do.

    Attributes:
        name: what it is.
        there: whether it can.
        found: what there is, or what is missing.
        remedy: the command that mends it; "" if nothing is amiss.
        needed: whether the host suite and the virtual board need it.
    """

    name: str
    there: bool
    found: str
    remedy: str = ""
    needed: bool = False
