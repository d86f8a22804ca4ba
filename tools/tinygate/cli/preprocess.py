"""`tinygate preprocess`: how raw samples become a variant's input, for reading, and as C for an application."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.errors import ConfigError

if TYPE_CHECKING:
    from tinygate.model.folder import Model, Variant


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(preprocess)


def preprocess(
    model: Annotated[Path, typer.Option("--model", help="model folder, or the name of one in models/")],
    variant: Annotated[str, typer.Option(help="whose input; by default the first that a chip runs quantized")] = "",
    emit_c: Annotated[Path | None, typer.Option(metavar="FILE", help="write a C header that does it")] = None,
) -> None:
    """Say in which order a variant's input is made of raw samples, as the manifest pins it; exit 2 if nobody said."""
    from tinygate.model.folder import load_model
    from tinygate.preprocessing.source import header_of
    from tinygate.store.atomic import write_text

    found = load_model(model if model.exists() or not Path("models", model).exists() else Path("models", model))
    chosen = found.variant(variant) if variant else _first_quantized(found)
    pinned = found.manifest.preprocessing
    header = header_of(chosen.content, pinned.constants, pinned.sha256, f"{found.name}, {chosen.name}")
    if not header:
        raise ConfigError(
            f"{found.recipe_path}: describes no preprocessing by steps; docs/preprocessing.md says how to."
        )
    if emit_c is not None:
        write_text(emit_c, header)
    for line in header.partition("#ifndef")[0].splitlines():
        print(line.removeprefix("//").removeprefix(" "))
    print(f"written to {emit_c}" if emit_c is not None else "--emit-c preprocess.h writes it as C")


def _first_quantized(model: Model) -> Variant:
    from tinygate.tflite import read_model

    of_chips = model.target_variants or model.variants
    return next((v for v in of_chips if read_model(v.content).inputs[0].scales), of_chips[0])
