"""`tinygate add`: .tflite files and data become a model folder. Thin: reads options, prints what was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tinygate.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(add)


def add(
    name: Annotated[str, typer.Argument(help="what to call the model")],
    variant: Annotated[list[str], typer.Option(metavar="NAME=FILE", help="a .tflite; the first is the reference")],
    data: Annotated[Path, typer.Option(help=".npz with test_inputs, and test_labels and more if known")],
    task: Annotated[str, typer.Option(help="classification, regression, anomaly or custom; default: told")] = "",
    class_names: Annotated[str, typer.Option(help="names in label order, with commas between")] = "",
    models_root: Annotated[Path | None, typer.Option(help="folder that holds the model folders (models)")] = None,
) -> None:
    """Make models/NAME from .tflite files and data: pinned, with budgets at what was measured + 10 %."""
    from tinygate.model.adding import Brought, add
    from tinygate.model.pinning import measured
    from tinygate.project.settings import settings_of

    usual = settings_of(Path.cwd()).models_root
    root = models_root or usual
    names = tuple(part.strip() for part in class_names.split(",")) if class_names else ()
    folder, manifest = add(Brought(name, _variants(variant), data, task, names), root)
    for variant_name, entry in manifest.variants.items():
        print(f"{variant_name}: {entry.bytes} bytes, sha256 {entry.sha256[:12]}…, {measured(entry)}")
    option = "" if root == usual else f" --models-root {root}"
    print(f"made {folder}: budgets are what was measured + 10 %, change them in {folder / 'model.toml'}")
    print(f"next: tinygate gate --model {name}{option}")


def _variants(named: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in named:
        name, separator, path = text.partition("=")
        if not separator or not name or not path:
            raise InputError(f"--variant {text}: expected NAME=FILE.tflite.")
        if name in found:
            raise InputError(f"--variant {name} is given twice; expected one file for each name.")
        found[name] = Path(path)
    return found
