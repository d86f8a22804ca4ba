"""`python -m tinygate.recipes.step`: one step of a study in a process of its own: train one set of weights, or convert.

The file that a step makes is whole or absent. Finished epochs go to stdout, one "done/total" a line; an error is one
line on stderr and exit code 2. Who started it may go: the step ends when its stdin does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from pathlib import Path
from typing import Annotated

import typer

from tinygate.errors import ConfigError, TinygateError
from tinygate.model.folder import Model, load_model
from tinygate.recipes.weights import load, pack
from tinygate.store.atomic import write_bytes

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
Folder = Annotated[Path, typer.Argument(help="model folder")]
Start = Annotated[Path | None, typer.Option(help="the weights to start from, .npz")]
Subjects = Annotated[str, typer.Option(help="JSON: part → subjects, in the place of the recipe's SUBJECTS")]


@app.command()
def train(folder: Folder, weights: str, output: Path, start: Start = None, subjects: Subjects = "") -> None:
    """Train the set of weights named WEIGHTS into OUTPUT."""
    from tinygate.recipes import trained
    from tinygate.recipes.contract import check_contract

    model = _model(folder, subjects)
    total = trained.epochs_of(weights, model.recipe.TRAINING)
    given = {trained.TRAINED[weights].start: load(start)} if start else {}
    dataset = model.load_data()
    if not given:
        check_contract(model, dataset)
    arrays = trained.train(
        weights,
        model.recipe,
        dataset,
        given,
        lambda done: print(f"{done}/{total}", flush=True),
        model.config.task,
    )
    write_bytes(output, pack(arrays))


@app.command()
def convert(folder: Folder, method: str, output: Path, start: Start = None, subjects: Subjects = "") -> None:
    """Convert the weights START by METHOD into OUTPUT."""
    from tinygate.recipes.build import calibration_indices
    from tinygate.recipes.convert import METHODS
    from tinygate.recipes.convert import convert as convert_weights

    model = _model(folder, subjects)
    if start is None:
        raise ConfigError("convert needs --start, the weights.")
    dataset = model.load_data()
    windows = dataset.train.inputs[calibration_indices(model, dataset)]
    write_bytes(output, convert_weights(model.recipe, METHODS[method], load(start), windows, model.config.task))


def _model(folder: Path, subjects: str) -> Model:
    model = load_model(folder)
    if subjects:
        model.recipe.SUBJECTS = {part: tuple(who) for part, who in json.loads(subjects).items()}  # type: ignore[attr-defined]
    return model


def _end_with_stdin() -> None:
    """End this process at once when whoever started it has gone: no half-trained step outlives an interrupted study."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    """Carry out one step."""
    _end_with_stdin()
    warnings.simplefilter("ignore")  # TensorFlow's own deprecations are not ours to mend
    try:
        app()
    except TinygateError as error:
        print(str(error), file=sys.stderr)
        sys.exit(2)
    except Exception as error:  # TensorFlow and tfmot raise what they like
        print(f"{type(error).__name__}: {' '.join(str(error).split())[:500]}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
