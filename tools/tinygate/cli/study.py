"""`tinygate study`: makes and compares every variant of a model; one page and its data. Thin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.cli.options import chosen_models, require_board_target
from tinygate.store.atomic import write_text
from tinygate.targets import DEFAULT_CHIP

if TYPE_CHECKING:
    from tinygate.model.folder import Model
    from tinygate.study.plan import Trainer


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(study)


def study(
    model: Annotated[list[str] | None, typer.Option(help="a model's name; may be repeated; all by default")] = None,
    target: Annotated[str, typer.Option(help="the chip that the page's answer is for")] = DEFAULT_CHIP,
    output: Annotated[Path, typer.Option(help="folder for MODEL/study.html and study.json")] = Path("build/study"),
    train_python: Annotated[str, typer.Option(help="a Python with TensorFlow; found by itself in a checkout")] = "",
    workers: Annotated[int, typer.Option(help="processes at a time; 0 for what the cores allow", min=0)] = 0,
) -> None:
    """Make every variant that a model's recipe can become, measure and compare them; go on where it was interrupted."""
    from tinygate.study.plan import trainer

    require_board_target(target)
    train = trainer(train_python)
    for each in chosen_models(model):
        _one(each, train, target, output, workers)


def _one(model: Model, train: Trainer | None, target: str, output: Path, workers: int) -> None:
    from tinygate.model.folder import check_manifest
    from tinygate.study import run
    from tinygate.study.progress import progress

    dataset = model.load_data()
    if (model.folder / "artifacts" / "manifest.json").is_file():
        check_manifest(model, dataset)
    with progress(model.name) as listen:
        made = run.make(model, dataset, train, listen, workers)
    page, data = run.results(model, dataset, made, target)
    folder = output / model.name
    write_text(folder / "study.json", data)
    write_text(folder / "study.html", page)
    print(f"{model.name}: {run.headline(data, target)}; {folder / 'study.html'}")
    for name, why in made.failures.items():
        print(f"  {name} could not be made: {why}", file=sys.stderr)
    if made.hint:
        print(f"  {made.hint}", file=sys.stderr)
