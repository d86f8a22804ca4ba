"""`tinygate lab`: a lab to try, and what a lab's places are doing. Thin: starts, asks, prints."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from tinygate.cli.options import Store, store_folder

Address = Annotated[str, typer.Option("--lab", envvar="LG_COORDINATOR", help="labgrid's coordinator, HOST:PORT")]
_DEFAULT = "127.0.0.1:20408"
_LOOK_S = 1.0

commands = typer.Typer(help="A lab of many boards, on labgrid.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.add_typer(commands, name="lab")


@commands.command()
def up(
    virtual: Annotated[int, typer.Option(min=1, max=64, help="how many virtual boards")] = 4,
    port: Annotated[int, typer.Option(help="TCP port of the coordinator; 0 for a free one")] = 20408,
    baud: Annotated[
        int | None, typer.Option(min=300, help="simulate lines that carry at most this rate (default: any)")
    ] = None,
) -> None:
    """Run a lab of virtual boards on this machine until Ctrl-C: to try, to learn, to test."""
    from tinygate.gate.session import handling
    from tinygate.lab.client import labgrid_python
    from tinygate.lab.up import Rack
    from tinygate.targets import DEFAULT_CHIP

    told: list[int] = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tinygate-lab-"))
        stack.enter_context(handling(lambda number, _: told.append(number)))
        rack = stack.enter_context(Rack(labgrid_python(Path.cwd()), port, virtual, Path(folder), baud=baud))
        print(f"coordinator {rack.address}, {virtual} virtual boards, logs in {folder}; Ctrl-C ends all of it. Try:")
        print(f"    tinygate gate --lab {rack.address} --target {DEFAULT_CHIP}", flush=True)
        while not told:
            time.sleep(_LOOK_S)
            for name in rack.keep():
                print(f"tinygate: labgrid's {name} died and was started again", flush=True)


@commands.command()
def status(lab: Address = _DEFAULT, store: Store = None) -> None:
    """Say of each place who has it, since when, its health, the last verdicts and how often it failed."""
    from rich.console import Console

    from tinygate.lab.client import Agent, labgrid_python
    from tinygate.lab.gate import LOG
    from tinygate.lab.run import known_places
    from tinygate.lab.status import table

    folder = store_folder(store)
    with Agent(labgrid_python(Path.cwd()), lab, f"status-{os.getpid()}", folder / LOG) as agent:
        Console(width=None if Console().is_terminal else 160).print(table(known_places(agent), folder))


@commands.command()
def doctor(
    place: Annotated[str, typer.Argument(help="the lab's name for the place")],
    lab: Address = _DEFAULT,
    store: Store = None,
) -> None:
    """Say which link from here to a place's board is broken; a place that is whole is not set aside any more."""
    from tinygate.errors import LabError
    from tinygate.lab.client import Agent, labgrid_python
    from tinygate.lab.doctor import BROKEN, Patient
    from tinygate.lab.gate import LOG
    from tinygate.report.sanitize import plain
    from tinygate.store.lab_log import LabEvent, append_event, now

    folder, run, is_whole = store_folder(store), f"doctor-{os.getpid()}", True
    with Agent(labgrid_python(Path.cwd()), lab, run, folder / LOG) as agent:
        print(f"{'ok':<8}{'coordinator':<13}{lab}", flush=True)
        for link in Patient(agent, place).looks():
            is_whole = is_whole and link.state != BROKEN
            print(plain(f"{link.state:<8}{link.name:<13}{link.found}"), flush=True)
    if not is_whole:
        raise LabError(f"{place}: a link is broken, see above")
    append_event(folder, LabEvent(now().isoformat(timespec="seconds"), run, "mended", place))
