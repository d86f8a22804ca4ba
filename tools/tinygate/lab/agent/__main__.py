"""labgrid's side of a run: a process in labgrid's environment that takes places and gives them back.

It is asked on standard input and answers on standard output, a JSON object a line:

    {"id": 1, "do": "want", "places": ["bench-1"]}          {"id": 1, "result": null}
                                                            {"event": "taken", "place": "bench-1", "port": "rfc2217://…"}
    {"id": 2, "do": "release", "place": "bench-1"}          {"id": 2, "result": null}

It outlives who started it by design: when standard input ends, however the other end died, it gives back every place
and reservation that it holds, and then ends. Nothing of tinygate is imported here: it is not in this environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from typing import Any

import grpc
from holdings import Holdings  # type: ignore[import-not-found]  # it stands beside this file
from labgrid.remote.client import Error as LabgridError

DOES = ("places", "want", "release", "free", "power", "define")


async def _serve(address: str, output: int) -> None:
    def say(**fields: Any) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: standard input ends as well
            os.write(output, json.dumps(fields).encode() + b"\n")

    holdings, loop = Holdings(address, say), asyncio.get_running_loop()
    try:
        await holdings.connect()
    except (LabgridError, grpc.aio.AioRpcError) as error:
        say(event="unreachable", reason=f"{error}".removeprefix("Error: "))
        return
    say(event="up")
    watching = loop.create_task(holdings.watch())
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        say(id=request.pop("id"), **await _answer(holdings, request))
    watching.cancel()
    await holdings.give_back()


async def _answer(holdings: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Do what one line asks for; return its result, or why there is none."""
    do = request.pop("do")
    assert do in DOES
    try:
        async with holdings.lock:
            return {"result": await getattr(holdings, do)(**request)}
    except grpc.aio.AioRpcError as error:
        return {"error": error.details()}
    except Exception as error:  # a driver of labgrid's raises what it likes
        return {"error": f"{error}".removeprefix("Error: ") or type(error).__name__}


def main() -> None:
    """Serve until standard input ends."""
    output = os.dup(1)
    os.dup2(2, 1)  # what labgrid prints is no answer
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the end of standard input is the only end
    asyncio.run(_serve(sys.argv[1], output))


if __name__ == "__main__":
    main()
