"""The `tinygate` command: thin; each sub-command calls one function of the package."""

from __future__ import annotations

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):  # before anything is imported that would fail in other words
    sys.exit(f"tinygate needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}")

from pathlib import Path
from typing import Annotated

import typer

from tinygate.cli import add as add_cli
from tinygate.cli import arena as arena_cli
from tinygate.cli import audit as audit_cli
from tinygate.cli import compare as compare_cli
from tinygate.cli import doctor as doctor_cli
from tinygate.cli import gate as gate_cli
from tinygate.cli import init as init_cli
from tinygate.cli import lint_data as lint_cli
from tinygate.cli import recommend as recommend_cli
from tinygate.cli import strip as strip_cli
from tinygate.cli import study as study_cli
from tinygate.errors import TinygateError
from tinygate.extras import MissingExtraError, extra_of
from tinygate.verdict import verdict_of


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"tinygate {version('tinygate')}")
        raise typer.Exit


app = typer.Typer(
    help="Decides whether a quantized TinyML model may ship on a microcontroller.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say which it is")
    ] = False,
) -> None:
    """Decides whether a quantized TinyML model may ship on a microcontroller."""


@app.command()
def pin(folder: Annotated[Path, typer.Argument(help="model folder with recipe.py, model.toml and artifacts/")]) -> None:
    """Pin .tflite files that were made elsewhere: measure them, and write the manifest that the gate will insist on."""
    from tinygate.model.folder import load_model
    from tinygate.model.pinning import measured
    from tinygate.model.pinning import pin as pin_artifacts

    for name, entry in pin_artifacts(load_model(folder)).variants.items():
        print(f"{name}: {entry.bytes} bytes, sha256 {entry.sha256[:12]}…, {measured(entry)}")


init_cli.register(app)
gate_cli.register(app)
add_cli.register(app)
arena_cli.register(app)
audit_cli.register(app)
compare_cli.register(app)
lint_cli.register(app)
strip_cli.register(app)
recommend_cli.register(app)
study_cli.register(app)
doctor_cli.register(app)


def main() -> None:
    """Run the command; an error made on purpose is one line on stderr and the exit code of its verdict."""
    try:
        _run()
    except TinygateError as error:
        print(f"tinygate: {error}", file=sys.stderr)
        sys.exit(verdict_of(error).exit_code)


def _run() -> None:
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is None or extra_of(error.name) is None:
            raise
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        raise MissingExtraError(f"`tinygate {command}` cannot judge anything here", error.name) from error
