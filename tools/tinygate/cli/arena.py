"""`tinygate arena`: how large must the tensor arena be? Thin: reads the file, prints the prediction, draws the plan."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinygate.cli.audit import content_of, naming


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(arena)


def arena(
    model: Annotated[Path, typer.Argument(help="any .tflite file")],
    target: Annotated[
        str | None,
        typer.Option(help="a chip, reference32 (plain kernels) or wheel64 (a PC); an unknown one lists all"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    plot: Annotated[Path | None, typer.Option(help="draw the memory map into this .svg or .png file")] = None,
) -> None:
    """Say how many bytes of arena a model uses on a target, and the smallest arena that works; exit 2 if no model."""
    from tinygate.arena import formats, predict
    from tinygate.arena.savings import savings
    from tinygate.targets import DEFAULT_CHIP
    from tinygate.tflite import read_model

    with naming(model):
        parsed = read_model(content_of(model))
        prediction = predict(parsed, target or DEFAULT_CHIP)
    lower = savings(parsed, prediction)
    if plot is not None:
        from tinygate.arena.plot import write_plot

        write_plot(prediction, plot)
    sys.stdout.write((formats.as_json if as_json else formats.as_text)(prediction, lower, str(model)))
