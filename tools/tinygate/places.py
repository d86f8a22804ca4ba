"""Places: where a figure is measured and a budget holds. The host, or a target on a board: "x", "x-qemu".

A place is not a lab's slot (a *lab place*): two boards of one kind in a rack are the same place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tinygate.figures import Figure, Needs

HOST = "host"
REAL_BOARD = "serial"

_VIRTUAL_SETTLE_S = 0.2  # no watchdog: what it dies of, it dies of at once

# It boots as fast as this machine computes: 1.7 s to hello on two free cores, up to 13 s on busy ones. It loses no byte
# of what it announces, and bytes that reach it while its bootloader runs have made one deliver a wrong interrupt.
_QEMU_BOOT_S, _QEMU_QUIET_S = 60.0, 50.0


@dataclass(frozen=True)
class BoardKind:
    """A kind of board: what `--board` names.

    Attributes:
        name: "virtual", "qemu", "serial".
        meaning: one line for who must choose.
        offers: which figures can be known there.
        emulation: what an application must say of where it runs: "none", "virtual", "qemu".
        flashes: whether a tool writes to its flash, which can be verified.
        settle_s: how long after its last answer a fault may still show.
        boot_s: how long it may take to say hello.
        quiet_s: of that, how long nothing is sent to it before it announces itself.
    """

    name: str
    meaning: str
    offers: frozenset[Needs]
    emulation: str
    flashes: bool
    settle_s: float = 0.95  # an interrupt watchdog's 800 ms, with external memory, and what it prints
    boot_s: float = 20.0
    quiet_s: float = 8.0

    @property
    def is_emulated(self) -> bool:
        """Whether time measured there says nothing about a chip."""
        return Needs.CHIP not in self.offers


BOARDS: Mapping[str, BoardKind] = {
    kind.name: kind
    for kind in (
        BoardKind(
            "virtual",
            "an emulated chip behind a serial port on this machine; the flashing tool flashes it",
            frozenset({Needs.BOARD}),
            "virtual",
            flashes=True,
            settle_s=_VIRTUAL_SETTLE_S,
        ),
        BoardKind(
            "qemu",
            "the real firmware in an emulator of the chip",
            frozenset({Needs.BOARD, Needs.FIRMWARE, Needs.CYCLES}),
            "qemu",
            flashes=False,
            boot_s=_QEMU_BOOT_S,
            quiet_s=_QEMU_QUIET_S,
        ),
        BoardKind(
            REAL_BOARD,
            "a real board; --port names it (device, or rfc2217:// URL)",
            frozenset({Needs.BOARD, Needs.FIRMWARE, Needs.CHIP}),
            "none",
            flashes=True,
        ),
    )
}
"""Every kind of board that some chip family has; which chip is on which is the families' to say (tinygate.targets)."""


def place_of(target: str, board: str) -> str:
    """Return the name of a target on a board: a real board is the target itself."""
    return target if board == REAL_BOARD else f"{target}-{board}"


def offers_of(place: str) -> frozenset[Needs]:
    """Return which figures can be known at a place."""
    if place == HOST:
        return frozenset({Needs.HOST})
    target, _, board = place.partition("-")
    return next(
        kind.offers for kind in BOARDS.values() if place_of(target, kind.name) == place_of(target, board or REAL_BOARD)
    )


def can_be_measured(figure: Figure, place: str) -> bool:
    """Whether a figure can be known at a place, so that a budget there can be judged."""
    return bool(figure.needs & offers_of(place))


def where_measured(figure: Figure, places: Collection[str]) -> str:
    """Name the places, of `places`, where a figure can be known: "host", "x or x-qemu"."""
    return " or ".join(place for place in places if can_be_measured(figure, place)) or "no place"
