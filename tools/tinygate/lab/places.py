"""A lab's places as labgrid tells of them: which fit a run, what board is there, who it must be.

Tags are the lab's words for a place. tinygate knows these, all others are the lab's own:

    target   the chip                                   mac      the chip's MAC, proven before it is flashed
    board    "virtual" for an emulated one; any other   usb      the USB serial number of its adapter
             word ("devkitc-v4") is a real board        revision the board's
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinygate.errors import InputError, LabError
from tinygate.places import REAL_BOARD

_VIRTUAL = "virtual"


@dataclass(frozen=True)
class Place:
    """A place of a lab.

    Attributes:
        name: labgrid's.
        tags: the lab's words for it.
        holder: who has it, host/user; empty if it is free.
        since: when that changed last, seconds since 1970.
        reserved: whether somebody's turn has come who has not taken it yet.
        has_port: whether an exporter offers its serial port now.
        has_power: whether its power can be switched.
        exporters: who offers it.
    """

    name: str
    tags: Mapping[str, str]
    holder: str = ""
    since: float = 0.0
    reserved: bool = False
    has_port: bool = True
    has_power: bool = False
    exporters: tuple[str, ...] = ()

    @property
    def board(self) -> str:
        """The kind of board, see `tinygate.places.BOARDS`."""
        return _VIRTUAL if self.tags.get("board") == _VIRTUAL else REAL_BOARD

    @property
    def mac(self) -> str | None:
        """The MAC that the chip must have, lower case; None where the lab names none."""
        return self.tags["mac"].lower() if "mac" in self.tags else None

    @property
    def baud(self) -> int | None:
        """The fastest rate of its line; None where the lab names none. Raises LabError: the tag is no rate."""
        if "baud" not in self.tags:
            return None
        if self.tags["baud"].isdecimal() and int(self.tags["baud"]) > 0:
            return int(self.tags["baud"])
        raise LabError(f"place {self.name} has the tag baud={self.tags['baud']}: expected bits per second, 921600")

    @property
    def is_orphaned(self) -> bool:
        """Whether it is held by a run of this machine that is no more."""
        host, _, user = self.holder.partition("/")
        process = user.rpartition("-")[2]
        return host == socket.gethostname() and "." in user and process.isdigit() and not _is_alive(int(process))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def place_of(told: Mapping[str, Any]) -> Place:
    """Return a place as the agent tells of it."""
    kinds = [resource["kind"] for resource in told["resources"] if resource["available"]]
    return Place(
        told["name"], told["tags"], told["holder"], told["changed"], told["reserved"],
        "NetworkSerialPort" in kinds,
        any("Power" in kind or kind == "PDUDaemonPort" for kind in kinds),
        tuple(dict.fromkeys(resource["exporter"] for resource in told["resources"])),
    )  # fmt: skip


def tags_of(pairs: Iterable[str]) -> dict[str, str]:
    """Return tags from "key=value" words. Raises InputError: a word is none."""
    found = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise InputError(f"--lab-tag {pair}: expected key=value, board=devkitc-v4")
        found[key] = value
    return found


def fitting(places: Sequence[Place], target: str, board: str | None, tags: Mapping[str, str]) -> list[Place]:
    """Return the places that a run may use.

    Args:
        places: all of the lab.
        target: the chip.
        board: the kind of board; None for the one that all of them are.
        tags: what else a place must have.

    Raises:
        LabError: there is none, or they are of several kinds and nobody says which is meant.
    """
    wanted = {"target": target, **tags}
    found = [place for place in places if wanted.items() <= place.tags.items() and board in (None, place.board)]
    words = " ".join(f"{key}={value}" for key, value in wanted.items())
    if not found:
        known = "; ".join(f"{place.name}: {_words(place)}" for place in places) or "none at all"
        raise LabError(f"the lab has no place with {words}{f' that is {board}' if board else ''}; its places: {known}")
    if len({place.board for place in found}) > 1:
        raise LabError(f"{words} fits emulated and real boards, whose figures do not belong together: name --board")
    return found


def _words(place: Place) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(place.tags.items())) or "no tags"
