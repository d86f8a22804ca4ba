"""Which link in the chain from here to a board is broken: coordinator, exporter, power, port, reset, chip, flash, echo.

Each link is tried only when the one before it holds; what comes behind a broken one is not looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinygate.board.identity import prove_chip
from tinygate.board.port import use_fast_rfc2217
from tinygate.errors import LabError
from tinygate.lab.client import Agent
from tinygate.lab.places import Place, place_of
from tinygate.protocol import HostSession, fresh_nonce
from tinygate.targets import Family, family_of

TAKE_S, ECHO_S, _AGAIN_S = 15.0, 8.0, 1.0
OK, BROKEN, UNKNOWN = "ok", "broken", "–"


@dataclass(frozen=True)
class Link:
    """One link: its name, `OK`, `BROKEN` or `UNKNOWN`, and what was found, or what to do."""

    name: str
    state: str
    found: str


Try = Callable[[], str | None]
"""Returns what was found, None where nobody can know; raises LabError."""


class Patient:
    """A place that is looked at, and held meanwhile; `looks` must be gone through to the end."""

    def __init__(self, agent: Agent, name: str) -> None:
        """Look a place up. Raises LabError: the lab has no such place."""
        self._agent, self._name = agent, name
        self._place = self._found()
        self._port = ""

    def looks(self) -> Iterator[Link]:
        """Yield each link, as it is tried; the place is given back at the end."""
        links: list[tuple[str, Try]] = [
            ("place", self._free), ("exporter", self._exporter), ("taken", self._take), ("power", self._power),
            ("port", self._open), ("reset, chip", self._chip), ("flash", self._flash), ("echo", self._echo),
        ]  # fmt: skip
        is_broken = False
        try:
            for name, look in links:
                if is_broken:
                    yield Link(name, UNKNOWN, "not looked at")
                    continue
                link = _tried(name, look)
                is_broken = link.state == BROKEN
                yield link
        finally:
            if self._port:
                self._agent.ask("release", place=self._name)

    def _found(self) -> Place:
        every = [place_of(told) for told in self._agent.ask("places")]
        found = next((place for place in every if place.name == self._name), None)
        if found is None:
            known = ", ".join(place.name for place in every) or "none"
            raise LabError(f"{self._name}: the lab has no such place; it has {known}")
        return found

    def _free(self) -> str:
        if self._place.holder:
            raise LabError(f"{self._place.holder} has it: wait, or ask them; labgrid-client release --kick frees it")
        return " ".join(f"{key}={value}" for key, value in sorted(self._place.tags.items()))

    def _exporter(self) -> str:
        if not self._place.has_port:
            raise LabError(
                "no exporter offers its serial port: is labgrid-exporter running there, the adapter plugged in?"
            )
        return ", ".join(self._place.exporters)

    def _take(self) -> str:
        self._agent.ask("want", places=[self._name])
        deadline = time.monotonic() + TAKE_S
        while not self._port and time.monotonic() < deadline:
            self._port = next((e.port for e in self._agent.events() if e.kind == "taken"), "")
            time.sleep(0.05)
        if not self._port:
            self._agent.ask("want", places=[])
            raise LabError(f"it could not be taken within {TAKE_S:g} s; labgrid's log says why")
        return self._port

    def _power(self) -> str | None:
        if not self._place.has_power:
            return None
        said = str(self._agent.ask("power", place=self._name, action="get"))
        if said.endswith("off"):
            raise LabError(f"{said}: labgrid-client -p {self._name} power on")
        return said

    def _open(self) -> str:
        import serial

        use_fast_rfc2217()
        try:
            serial.serial_for_url(self._port, timeout=1.0).close()
        except (OSError, ValueError) as error:
            raise LabError(f"it cannot be opened: {' '.join(str(error).split())}; is ser2net running there?") from error
        return "it opens"

    @property
    def _family(self) -> Family:
        return family_of(self._place.tags.get("target", ""))

    def _chip(self) -> str | None:
        found = self._family.chip_id(self._place.tags["target"], self._port)
        if self._place.mac:
            prove_chip(found, self._place.mac)
        return found

    def _flash(self) -> str | None:
        return self._family.flash_id(self._place.tags["target"], self._port)

    def _echo(self) -> str | None:
        """Ask whatever application is there who it is."""
        import serial

        session, heard = HostSession(fresh_nonce()), b""
        with serial.serial_for_url(self._port, 115200, timeout=0.1) as port:
            deadline, ask_at = time.monotonic() + ECHO_S, time.monotonic() + _AGAIN_S
            while session.hello is None and time.monotonic() < deadline:
                if time.monotonic() >= ask_at:
                    session.open()
                    ask_at = time.monotonic() + _AGAIN_S
                    port.write(session.outgoing())
                data = port.read(4096)
                heard += data
                for _ in session.receive(data):
                    pass
        if session.hello is not None:
            return f"{session.hello.app} with {session.hello.model_sha256[:12]}… answers"
        if heard:
            return None
        raise LabError(f"the board says nothing for {ECHO_S:g} s after its reset: check the line from its TX")


def _tried(name: str, look: Try) -> Link:
    try:
        found = look()
    except LabError as error:
        return Link(name, BROKEN, str(error))
    except Exception as error:  # drivers and ports raise what they like
        return Link(name, BROKEN, f"{type(error).__name__}: {error}")
    return Link(name, OK, found) if found is not None else Link(name, UNKNOWN, _NOBODY_KNOWS.get(name, "not known"))


_NOBODY_KNOWS = {
    "power": "labgrid has no switch for it: a board that hangs is set aside until somebody comes",
    "reset, chip": "this family's chips cannot be asked without an application",
    "flash": "this family's chips cannot be asked without an application",
    "echo": "it speaks, but no tinygate application is on it: the gate will flash one",
}
