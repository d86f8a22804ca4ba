"""`tinygate component`: what an application takes in to be judged. Thin: says what was written, and what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(component)


def component(
    folder: Annotated[Path, typer.Argument(help="the component's own folder, app/components/tinygate")],
    force: Annotated[bool, typer.Option("--force", help="over what was changed by hand")] = False,
) -> None:
    """Write the ESP-IDF component that serves an application's model to the gate (docs/application.md)."""
    from tinygate import __version__
    from tinygate.targets import FAMILIES

    write = next(family.write_component for family in FAMILIES if family.write_component)
    written = write(folder, force)
    print(f"{'wrote' if written else 'kept '} {folder}, the component of tinygate {__version__}")
    print("next: require it, call tinygate_start(), and name the project in model.toml: [firmware] project")
