"""`tinygate gate`: judges models on the host and on a board. Thin: checks the choice of a board, runs, reports."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.errors import InputError

if TYPE_CHECKING:
    from tinygate.gate.nightly import Device, Spread
    from tinygate.lab.gate import LabOrder


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(gate)


def gate(
    target: Annotated[list[str] | None, typer.Option(help="the chip; may be repeated, to compare")] = None,
    board: Annotated[
        list[str] | None,
        typer.Option(help="virtual, serial or qemu; once, or once per target; default: virtual, serial with a port"),
    ] = None,
    port: Annotated[str | None, typer.Option(help="serial port of the board; never probed")] = None,
    port_serial_number: Annotated[str | None, typer.Option(help="USB serial number of the board's port")] = None,
    port_mac: Annotated[str | None, typer.Option(help="MAC of the board")] = None,
    model: Annotated[list[str] | None, typer.Option(help="judge this model only; may be repeated")] = None,
    variant: Annotated[list[str] | None, typer.Option(help="judge this variant only; may be repeated")] = None,
    models_root: Annotated[Path | None, typer.Option(help="folder that holds the model folders (models)")] = None,
    report_dir: Annotated[Path | None, typer.Option(help="where reports and the runs' evidence go (report)")] = None,
    store: Annotated[
        Path | None,
        typer.Option(envvar="TINYGATE_STORE", readable=False, help="folder that remembers runs (.tinygate)"),
    ] = None,
    boots: Annotated[
        int | None, typer.Option(min=1, help="boots to measure latency over (1, or what a baseline needs)")
    ] = None,
    arena_search: Annotated[bool, typer.Option("--arena-search", help="find the smallest arena that works")] = False,
    build_root: Annotated[Path | None, typer.Option(help="where firmware is built (build)")] = None,
    skip_build: Annotated[bool, typer.Option("--skip-build", help="use the build folders as they are")] = False,
    ram_bytes: Annotated[int | None, typer.Option(min=1, help="RAM that firmware and application share")] = None,
    against: Annotated[Path | None, typer.Option(help="verdict.json of another run: say what changed since")] = None,
    line_baud: Annotated[
        int | None, typer.Option(min=300, help="the fastest rate of the board's line (default: found out)")
    ] = None,
    lock_wait: Annotated[float, typer.Option(min=0, help="seconds to wait for a board in use")] = 0.0,
    lab: Annotated[str | None, typer.Option(help="labgrid's coordinator, HOST:PORT: use its free places")] = None,
    lab_tag: Annotated[
        list[str] | None, typer.Option(help="key=value that a place of the lab must have; may be repeated")
    ] = None,
    lab_wait: Annotated[float, typer.Option(min=0, help="seconds to wait while no place of the lab is free")] = 600.0,
) -> None:
    """Judge every model on the host and on a board; exit 0 PASS, 1 FAIL, 2 ERROR, 3 INCONCLUSIVE."""
    from tinygate.board.lock import require_port
    from tinygate.gate.nightly import GateRun, new_run_id, run_gate
    from tinygate.gate.remember import remember
    from tinygate.gate.session import InterruptedRunError
    from tinygate.lab.gate import lab_of
    from tinygate.plugin.board_options import refuse_espport
    from tinygate.project.settings import settings_of
    from tinygate.report.write import write_report
    from tinygate.store.ledger import FOLDER

    named = port or port_serial_number or port_mac
    refuse_espport()
    values = {
        "--port": port,
        "--port-serial-number": port_serial_number,
        "--port-mac": port_mac,
        "--boots": boots,
        "--build-root": build_root,
        "--ram-bytes": ram_bytes,
        "--line-baud": line_baud,
        "--lock-wait": lock_wait,
    }
    flags = {"--arena-search": arena_search, "--skip-build": skip_build}
    options = [f"{name}={value}" for name, value in values.items() if value is not None]
    options += [name for name, wanted in flags.items() if wanted]
    names = tuple(model or ()), tuple(variant or ())
    settings, run_id, folder = settings_of(Path.cwd()), new_run_id(), store or Path(FOLDER)
    with ExitStack() as held:
        spread: Spread | None = None
        if lab is None:
            devices = _devices(target or [], board or ["serial" if named else "virtual"], named)  # before anything runs
            require_port(port, port_serial_number)
        else:
            order = _order(lab, lab_tag or [], target or [], board or [], named, lab_wait, build_root)
            device, spread = held.enter_context(lab_of(order, run_id, Path.cwd(), folder))
            devices = (device,)
        places = report_dir or settings.report_dir, devices, models_root or settings.models_root
        run = GateRun(Path.cwd(), *places, *names, tuple(options), folder, run_id)
        try:
            summary, junit = run_gate(run, spread)
        except InterruptedRunError as error:
            print(f"tinygate: {error}", file=sys.stderr)
            raise typer.Exit(error.exit_code) from error
    write_report(summary, junit, run.report_dir, against)
    for notice in remember(run, summary):
        print(f"tinygate: {notice}", file=sys.stderr)
    raise typer.Exit(summary.verdict.exit_code)


def _order(
    lab: str,
    tags: Sequence[str],
    targets: Sequence[str],
    boards: Sequence[str],
    named: str | None,
    wait_s: float,
    build_root: Path | None,
) -> LabOrder:
    """Return which places of a lab are meant. Raises InputError if options do not belong together."""
    from tinygate.lab.gate import LabOrder
    from tinygate.lab.places import tags_of
    from tinygate.targets import DEFAULT_CHIP, family_of

    if named:
        raise InputError(f"{named} is one board; --lab names many: leave out one of them")
    if len(targets) > 1 or len(boards) > 1:
        raise InputError("a run in a lab judges one --target on one kind of --board: run the gate once for each")
    chip = targets[0] if targets else DEFAULT_CHIP
    family_of(chip)
    board = boards[0] if boards else None
    return LabOrder(lab, chip, board, tags_of(tags), wait_s, build_root or Path("build"))


def _devices(targets: Sequence[str], boards: Sequence[str], named: str | None) -> tuple[Device, ...]:
    """Return which chip is judged on which board. Raises InputError if they do not belong together."""
    from tinygate.gate.nightly import Device
    from tinygate.plugin.board_options import checked_chip

    chips: Sequence[str | None] = targets or [None]
    if len(boards) not in (1, len(chips)):
        raise InputError(f"{len(boards)} times --board for {len(chips)} targets: name one for all, or one for each")
    if named and len(chips) > 1:
        raise InputError(f"{named} is one board: judge it in a run of its own, or name a single --target")
    every = boards if len(boards) == len(chips) else [*boards] * len(chips)
    found = tuple(Device(checked_chip(board, chip, named), board) for chip, board in zip(chips, every, strict=True))
    if len({device.place for device in found}) < len(found):
        raise InputError("the same place is named twice: each --target on a --board is judged once")
    return found
