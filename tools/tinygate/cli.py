"""The `tinygate` command: thin; each sub-command calls one function of the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinygate import arena_cli, audit_cli, compare_cli, lint_cli
from tinygate.errors import TinygateError
from tinygate.verdict import verdict_of

app = typer.Typer(
    help="Decides whether a quantized TinyML model may ship on a microcontroller.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def gate(
    target: Annotated[str, typer.Option(help="the chip, as pytest-embedded names it")] = "esp32",
    board: Annotated[
        str | None, typer.Option(help="virtual, virtual-fast, serial or qemu; default: virtual, serial with --port")
    ] = None,
    port: Annotated[str | None, typer.Option(help="serial port of the board; never probed")] = None,
    model: Annotated[list[str] | None, typer.Option(help="judge this model only; may be repeated")] = None,
    models_root: Annotated[Path, typer.Option(help="folder that holds the model folders")] = Path("models"),
    report_dir: Annotated[Path, typer.Option(help="where report.md, junit.xml and the journal go")] = Path("report"),
) -> None:
    """Judge every model on the host and on a board; exit 0 PASS, 1 FAIL, 2 ERROR, 3 INCONCLUSIVE."""
    from tinygate.board.options import checked_chip
    from tinygate.gate.nightly import GateRun, run_gate
    from tinygate.report.write import write_report

    board = board or ("serial" if port else "virtual")
    checked_chip(board, target, port)  # before anything runs
    ports = (f"--port={port}",) if port else ()
    run = GateRun(Path.cwd(), report_dir, target, board, models_root, tuple(model or ()), ports)
    summary, junit = run_gate(run)
    write_report(summary, junit, run.report_dir)
    raise typer.Exit(summary.verdict.exit_code)


@app.command()
def pin(folder: Annotated[Path, typer.Argument(help="model folder with recipe.py, model.toml and artifacts/")]) -> None:
    """Pin .tflite files that were made elsewhere: measure them, and write the manifest that the gate will insist on."""
    from tinygate.model.folder import load_model
    from tinygate.model.pinning import pin as pin_artifacts

    for name, entry in pin_artifacts(load_model(folder)).variants.items():
        print(f"{name}: {entry.bytes} bytes, sha256 {entry.sha256[:12]}…, accuracy {100 * entry.accuracy:.2f} %")


arena_cli.register(app)
audit_cli.register(app)
compare_cli.register(app)
lint_cli.register(app)


def main() -> None:
    """Run the command; an error made on purpose is one line on stderr and the exit code of its verdict."""
    try:
        app()
    except TinygateError as error:
        print(f"tinygate: {error}", file=sys.stderr)
        sys.exit(verdict_of(error).exit_code)
