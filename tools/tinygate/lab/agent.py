"""labgrid's side of a run: a process in labgrid's environment that takes places and gives them back.

It is asked on standard input and answers on standard output, a JSON object a line:

    {"id": 1, "do": "want", "places": ["bench-1"]}          {"id": 1, "result": null}
                                                            {"event": "taken", "place": "bench-1", "port": "rfc2217://…"}
    {"id": 2, "do": "release", "place": "bench-1"}          {"id": 2, "result": null}

It outlives who started it by design: when standard input ends, however the other end died, it gives back every place
and reservation that it holds, and then ends. Nothing of tinygate is imported here: it is not in this environment.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
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

Answer = Callable[..., None]


class Agent:
    """What a run holds of a lab, and what it waits for."""

    def __init__(self, address: str, say: Answer) -> None:
        self._address, self._say = address, say
        self._session: ClientSession | None = None
        self._wanted: set[str] = set()
        self._held: set[str] = set()
        self._tokens: dict[str, str] = {}  # by place
        self._asked_at: dict[str, float] = {}  # of each token
        self._lock = asyncio.Lock()

    @property
    def _me(self) -> str:
        return f"{self.session.gethostname()}/{self.session.getuser()}"

    @property
    def session(self) -> ClientSession:
        """The connection. Raises LabgridError: there is none now."""
        if self._session is None or self._session.stopping.is_set():
            raise LabgridError("the coordinator is not there now")
        return self._session

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
        for place in sorted(self._held):
            await self._hold_again(place)

    async def _hold_again(self, place: str) -> None:
        """Take back what a coordinator that was restarted has forgotten; somebody else may have been faster."""
        known = self.session.places.get(place)
        if known is not None and known.acquired == self._me:
            return
        with contextlib.suppress(grpc.aio.AioRpcError):
            if known is not None and not known.acquired:
                await self._acquire(place)
                return
        self._lose(place, "the coordinator has given it to somebody else, or does not know it any more")

    async def _acquire(self, place: str) -> None:
        self._held.add(place)  # before anything can go wrong: what may be ours is given back
        try:
            await self.session.stub.AcquirePlace(pb.AcquirePlaceRequest(placename=place))
        except grpc.aio.AioRpcError:
            self._held.discard(place)
            raise
        await self.session.sync_with_coordinator()

    def _lose(self, place: str, reason: str) -> None:
        self._held.discard(place)
        self._say(event="lost", place=place, reason=reason)

    async def watch(self) -> None:
        """Keep the connection, what is held and what is waited for; never returns."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                async with self._lock:
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
        for place in sorted(self._held):
            known = self.session.places.get(place)
            if known is None or known.acquired != self._me:
                self._lose(place, f"now held by {known.acquired}" if known and known.acquired else "somebody freed it")
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
                polled = await self.session.stub.PollReservation(pb.PollReservationRequest(token=token))
                if polled.reservation.state <= 2:  # waiting, allocated, acquired
                    return token
        only = pb.Reservation.Filter(filter={"name": place})
        made = await self.session.stub.CreateReservation(pb.CreateReservationRequest(filters={"main": only}))
        return str(made.reservation.token)

    # what can be asked for

    async def places(self) -> list[dict[str, Any]]:
        """Return every place with its tags, who holds it since when, and its resources."""
        return [self._described(name) for name in sorted(self.session.places)]

    def _described(self, name: str) -> dict[str, Any]:
        place = self.session.places[name]
        return {
            "name": name,
            "tags": dict(place.tags),
            "holder": place.acquired or "",
            "changed": place.changed,
            "reserved": bool(place.reservation),
            "resources": [
                {"exporter": exporter, "kind": entry.cls, "available": bool(entry.avail)}
                for exporter, _, entry in self._resources(name)
            ],
        }

    def _resources(self, name: str) -> list[tuple[str, str, Any]]:
        place = self.session.places[name]
        return [
            (exporter, resource, entry)
            for exporter, groups in sorted(self.session.resources.items())
            for group, entries in sorted(groups.items())
            for resource, entry in sorted(entries.items())
            if "cls" in entry.data and place.hasmatch((exporter, group, entry.cls, resource))
        ]

    def _port_of(self, place: str) -> Any:
        entries = [entry for _, _, entry in self._resources(place) if entry.cls == "NetworkSerialPort"]
        return next((entry for entry in entries if entry.avail), None)

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
                await self.session.stub.CancelReservation(pb.CancelReservationRequest(token=token))

    async def release(self, place: str) -> None:
        """Give a place back, and leave the line: without the latter it stays bound to us for another minute."""
        await self.free(place, self._me)
        self._held.discard(place)
        self._wanted.discard(place)
        await self._leave_line(place)

    async def free(self, place: str, holder: str) -> None:
        """Free a place if this one holds it, and nobody else."""
        await self.session.stub.ReleasePlace(pb.ReleasePlaceRequest(placename=place, fromuser=holder))

    async def power(self, place: str, action: str) -> str:
        """Switch a held place's power by labgrid's drivers: "on", "off", "cycle", or "get"; return what they say."""
        self.session.args = argparse.Namespace(place=place, action=action, delay=None, name=None, state=None)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            await asyncio.get_running_loop().run_in_executor(None, self.session.power)
        return said.getvalue().strip()

    async def define(self, place: str, match: str, tags: dict[str, str]) -> None:
        """Make a place of the resources that match; one that is there already gets these tags."""
        stub = self.session.stub
        for call in (
            stub.AddPlace(pb.AddPlaceRequest(name=place)),
            stub.AddPlaceMatch(pb.AddPlaceMatchRequest(placename=place, pattern=match)),
        ):
            try:
                await call
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                    raise
        await stub.SetPlaceTags(pb.SetPlaceTagsRequest(placename=place, tags=tags))

    async def answer(self, request: dict[str, Any]) -> None:
        """Do what one line asks for."""
        number, do = request.pop("id"), request.pop("do")
        does: dict[str, Callable[..., Awaitable[Any]]] = {
            "places": self.places, "want": self.want, "release": self.release, "free": self.free,
            "power": self.power, "define": self.define,
        }  # fmt: skip
        try:
            async with self._lock:
                self._say(id=number, result=await does[do](**request))
        except grpc.aio.AioRpcError as error:
            self._say(id=number, error=error.details())
        except Exception as error:  # a driver of labgrid's raises what it likes
            self._say(id=number, error=f"{error}".removeprefix("Error: ") or type(error).__name__)

    async def give_back(self) -> None:
        """Give back everything, waiting for a coordinator that is down: it may be the one that is being restarted."""
        until = time.monotonic() + GIVE_BACK_S
        while time.monotonic() < until:
            try:
                if self._session is None or self._session.stopping.is_set():
                    await self.connect()
                ours = {name for name, place in self.session.places.items() if place.acquired == self._me}
                for place in sorted(ours | self._held | set(self._tokens)):
                    await self.release(place)
                return
            except (LabgridError, grpc.aio.AioRpcError) as error:
                print(f"agent: giving back: {error}", file=sys.stderr)
                await asyncio.sleep(1.0)


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


async def _lines() -> AsyncIterator[bytes]:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


async def _serve(address: str, output: int) -> None:
    def say(**fields: Any) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: standard input ends as well
            os.write(output, json.dumps(fields).encode() + b"\n")

    agent = Agent(address, say)
    try:
        await agent.connect()
    except (LabgridError, grpc.aio.AioRpcError) as error:
        say(event="unreachable", reason=f"{error}".removeprefix("Error: "))
        return
    say(event="up")
    watching = asyncio.get_running_loop().create_task(agent.watch())
    async for line in _lines():
        await agent.answer(json.loads(line))
    watching.cancel()
    await agent.give_back()


def main() -> None:
    """Serve until standard input ends."""
    output = os.dup(1)
    os.dup2(2, 1)  # what labgrid prints is no answer
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the end of standard input is the only end
    asyncio.run(_serve(sys.argv[1], output))


if __name__ == "__main__":
    main()
