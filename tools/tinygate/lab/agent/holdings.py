"""What a run holds of a lab, and what it stands in line for; the connection is made anew when it breaks."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import grpc
from labgrid.remote.client import ClientSession
from labgrid.remote.client import Error as LabgridError
from labgrid.remote.generated import labgrid_coordinator_pb2 as pb
from labgrid.util.proxy import proxymanager

TICK_S = 0.25
REFRESH_S = 20.0  # a reservation that nobody asks about is dropped by the coordinator after 60 s
CONNECT_S = 10.0
GIVE_BACK_S = 120.0  # how long a coordinator that is down is waited for at the end

Say = Callable[..., None]


class Holdings:
    """What a run holds of a lab, and what it waits for."""

    def __init__(self, address: str, say: Say) -> None:
        self._address, self._say = address, say
        self._me = f"{os.environ['LG_HOSTNAME']}/{os.environ['LG_USERNAME']}"
        self._session: ClientSession | None = None
        self._wanted: set[str] = set()
        self._held: set[str] = set()
        self._forgotten: set[str] = set()  # of these, what a coordinator that was restarted does not know of
        self._returning: set[str] = set()
        self._tokens: dict[str, str] = {}  # by place
        self._asked_at: dict[str, float] = {}  # of each token
        self._is_ending = False
        self.lock = asyncio.Lock()

    @property
    def session(self) -> ClientSession:
        """The connection. Raises LabgridError: there is none now."""
        if self._session is None or self._session.stopping.is_set():
            raise LabgridError("the coordinator is not there now")
        return self._session

    async def _call(self, request: str, /, **fields: Any) -> Any:
        return await getattr(self.session.stub, request)(getattr(pb, f"{request}Request")(**fields))

    # connection

    async def connect(self) -> None:
        """Connect, and take up again what is held. Raises LabgridError: nobody answers."""
        address = proxymanager.get_grpc_address(self._address, default_port=20408)
        session = ClientSession(address, asyncio.get_running_loop())
        try:
            await asyncio.wait_for(session.start(), CONNECT_S)
        except (TimeoutError, LabgridError) as error:
            await _closed(session)
            raise LabgridError(f"{error}".removeprefix("Error: ") or f"no answer within {CONNECT_S:g} s") from error
        self._session, self._tokens = session, {}
        self._forgotten = set(self._held)

    async def _keep(self, place: str) -> None:
        """Look after a place that is held; take back what a coordinator that was restarted has forgotten."""
        known = self.session.places.get(place)
        if known is not None and known.acquired == self._me:
            self._forgotten.discard(place)
        elif known is not None and known.acquired:
            self._lose(place, f"{known.acquired} has it now")
        elif place not in self._forgotten:
            self._lose(place, "somebody has freed it")
        elif self._port_of(place):  # its exporter is back as well
            await self._acquire(place)

    async def _acquire(self, place: str) -> None:
        is_new = place not in self._held
        self._held.add(place)  # before anything can go wrong: what may be ours is given back
        try:
            await self._call("AcquirePlace", placename=place)
        except grpc.aio.AioRpcError:
            if is_new:
                self._held.discard(place)
            raise
        await self.session.sync_with_coordinator()

    def _lose(self, place: str, reason: str) -> None:
        self._held.discard(place)
        self._forgotten.discard(place)
        self._say(event="lost", place=place, reason=reason)

    async def watch(self) -> None:
        """Keep the connection, what is held and what is waited for, until all is given back."""
        while not self._is_ending:  # labgrid may swallow that this is cancelled
            await asyncio.sleep(TICK_S)
            try:
                async with self.lock:
                    await self._tick()
            except (LabgridError, grpc.aio.AioRpcError) as error:
                print(f"agent: {error}", file=sys.stderr)

    async def _tick(self) -> None:
        if self._session is None or self._session.stopping.is_set():
            if self._session is not None:
                self._say(event="down")
                await _closed(self._session)
                self._session = None
            await self.connect()
            self._say(event="up")
        for place in sorted(self._returning):
            await self._return(place)
        for place in sorted(self._held):
            await self._keep(place)
        for place in sorted(self._wanted - self._held):
            await self._seek(place)

    async def _seek(self, place: str) -> None:
        """Stand in line for a place, and take it when it is our turn and its port is there."""
        token = self._tokens.get(place)
        if token is None or time.monotonic() - self._asked_at[token] > REFRESH_S:
            self._tokens[place] = token = await self._reservation(place, token)
            self._asked_at[token] = time.monotonic()
        known = self.session.places.get(place)
        if known is None or known.acquired or known.reservation != token or not self._port_of(place):
            return
        await self._acquire(place)
        self._wanted.discard(place)
        port = await self._url(place)
        self._say(event="taken", place=place, port=port)

    async def _reservation(self, place: str, token: str | None) -> str:
        if token is not None:
            with contextlib.suppress(grpc.aio.AioRpcError):  # expired: stand in line anew
                polled = await self._call("PollReservation", token=token)
                if polled.reservation.state <= 2:  # waiting, allocated, acquired
                    return token
        only = pb.Reservation.Filter(filter={"name": place})
        made = await self._call("CreateReservation", filters={"main": only})
        return str(made.reservation.token)

    # what can be asked for

    async def places(self) -> list[dict[str, Any]]:
        """Return every place with its tags, who holds it since when, and its resources."""
        return [
            {
                "name": name,
                "tags": dict(place.tags),
                "holder": place.acquired or "",
                "changed": place.changed,
                "reserved": bool(place.reservation),
                "resources": [
                    {"exporter": exporter, "kind": entry.cls, "available": bool(entry.avail)}
                    for exporter, entry in self._resources(name)
                ],
            }
            for name, place in sorted(self.session.places.items())
        ]

    def _resources(self, name: str) -> list[tuple[str, Any]]:
        place = self.session.places[name]
        return [
            (exporter, entry)
            for exporter, groups in sorted(self.session.resources.items())
            for group, entries in sorted(groups.items())
            for resource, entry in sorted(entries.items())
            if "cls" in entry.data and place.hasmatch((exporter, group, entry.cls, resource))
        ]

    def _port_of(self, place: str) -> Any:
        serial = (entry for _, entry in self._resources(place) if entry.cls == "NetworkSerialPort")
        return next((entry for entry in serial if entry.avail), None)

    async def _url(self, place: str) -> str:
        """Return the URL of a place's serial port; where labgrid says so, through its SSH tunnel."""
        entry = self._port_of(place)
        if entry is None:
            return ""
        host, port = entry.args["host"], entry.args["port"]
        if entry.extra.get("proxy_required") or os.environ.get("LG_PROXY"):
            host, port = await asyncio.get_running_loop().run_in_executor(None, _tunnel, place, entry)
        scheme = "rfc2217" if entry.args.get("protocol", "rfc2217") == "rfc2217" else "socket"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    async def want(self, places: list[str]) -> None:
        """Stand in line for these places and no others; each one that is taken is told as an event."""
        self._wanted = set(places)
        for place in sorted(set(self._tokens) - self._wanted - self._held):
            await self._leave_line(place)

    async def _leave_line(self, place: str) -> None:
        token = self._tokens.pop(place, None)
        if token is not None:
            with contextlib.suppress(grpc.aio.AioRpcError, LabgridError):
                await self._call("CancelReservation", token=token)

    async def release(self, place: str) -> None:
        """Give a place back; if the coordinator is not there now, as soon as it is."""
        self._returning.add(place)
        with contextlib.suppress(LabgridError, grpc.aio.AioRpcError):
            await self._return(place)

    async def _return(self, place: str) -> None:
        """Free a place and leave the line: without the latter it stays bound to us for another minute."""
        known = self.session.places.get(place)
        if known is not None and known.acquired == self._me:  # a coordinator that was restarted has forgotten it
            await self.free(place, self._me)
        await self._leave_line(place)
        for known in (self._held, self._forgotten, self._wanted, self._returning):
            known.discard(place)

    async def free(self, place: str, holder: str) -> None:
        """Free a place if this one holds it, and nobody else."""
        await self._call("ReleasePlace", placename=place, fromuser=holder)

    async def power(self, place: str, action: str) -> str:
        """Switch a held place's power by labgrid's drivers: "on", "off", "cycle", or "get"; return what they say."""
        self.session.args = argparse.Namespace(place=place, action=action, delay=None, name=None, state=None)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            await asyncio.get_running_loop().run_in_executor(None, self.session.power)
        return said.getvalue().strip()

    async def define(self, place: str, match: str, tags: dict[str, str]) -> None:
        """Make a place of the resources that match; one that is there already gets these tags."""
        with contextlib.suppress(grpc.aio.AioRpcError):  # it is there already
            await self._call("AddPlace", name=place)
            await self._call("AddPlaceMatch", placename=place, pattern=match)
        await self._call("SetPlaceTags", placename=place, tags=tags)

    async def give_back(self) -> None:
        """Give back everything, waiting for a coordinator that is down: it may be the one that is being restarted."""
        self._is_ending, until = True, time.monotonic() + GIVE_BACK_S
        while time.monotonic() < until:
            try:
                async with self.lock:
                    await self._return_all()
                return
            except (LabgridError, grpc.aio.AioRpcError) as error:
                print(f"agent: giving back: {error}", file=sys.stderr)
                await asyncio.sleep(1.0)

    async def _return_all(self) -> None:
        if self._session is None or self._session.stopping.is_set():
            await self.connect()
        ours = {name for name, place in self.session.places.items() if place.acquired == self._me}
        for place in sorted(ours | self._held | set(self._tokens)):
            await self._return(place)


def _tunnel(place: str, entry: Any) -> tuple[str, int]:
    from labgrid import Target  # takes seconds to import
    from labgrid.resource import NetworkSerialPort

    resource = NetworkSerialPort(Target(place), name=None, **entry.args)
    resource.extra = entry.extra
    host, port = proxymanager.get_host_and_port(resource)
    return host, port


async def _closed(session: ClientSession) -> None:
    session.stopping.set()
    await session.stop()
    await session.close()
