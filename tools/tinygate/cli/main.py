"""The `tinygate` command: thin; each sub-command calls one function of the package."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinygate.cli import add as add_cli
from tinygate.cli import arena as arena_cli
from tinygate.cli import audit as audit_cli
from tinygate.cli import baseline as baseline_cli
from tinygate.cli import compare as compare_cli
from tinygate.cli import component as component_cli
from tinygate.cli import doctor as doctor_cli
from tinygate.cli import gate as gate_cli
from tinygate.cli import history as history_cli
from tinygate.cli import init as init_cli
from tinygate.cli import lab as lab_cli
from tinygate.cli import lint_data as lint_cli
from tinygate.cli import preprocess as preprocess_cli
from tinygate.cli import recommend as recommend_cli
from tinygate.cli import strip as strip_cli
from tinygate.cli import study as study_cli
from tinygate.cli import verify as verify_cli
from tinygate.cli.start import ending
from tinygate.extras import MissingExtraError, extra_of


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


@app.command(
    help=audit_cli.PURPOSE,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def audit(context: typer.Context) -> None:
    """Hand everything on: the command parses its words itself."""
    raise typer.Exit(audit_cli.audit(context.args))


init_cli.register(app)
gate_cli.register(app)
add_cli.register(app)
arena_cli.register(app)
compare_cli.register(app)
lint_cli.register(app)
strip_cli.register(app)
preprocess_cli.register(app)
recommend_cli.register(app)
study_cli.register(app)
component_cli.register(app)
doctor_cli.register(app)
baseline_cli.register(app)
history_cli.register(app)
lab_cli.register(app)
verify_cli.register(app)


def main() -> None:
    """Run the command; an error made on purpose is one line on stderr and the exit code of its verdict."""
    with ending():
        _run()


def _run() -> None:
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name is None or extra_of(error.name) is None:
            raise
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
        raise MissingExtraError(f"`tinygate {command}` cannot judge anything here", error.name) from error
