"""`python -m tinygate.recipes models/<model>`: trains and converts a model anew and says what changed.

What is made stands beside the pinned artifacts, in artifacts.new/, with what changed; --replace puts it in their place.
With --check nothing is written: the variants are converted again from the pinned weights, and the exit code says
whether every .tflite came out byte for byte the same. With --from-weights artifacts are rebuilt without training.
With --control the float model is fine-tuned as the int8 one was, and compared with itself.
"""

from __future__ import annotations

import hashlib
import os
import time
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from tinygate.data import Dataset
from tinygate.errors import TinygateError
from tinygate.model.folder import Model, load_model
from tinygate.model.manifest import Manifest, VariantEntry, load_manifest
from tinygate.model.pinning import measured
from tinygate.recipes import build
from tinygate.recipes.weights import Weights

console = Console(highlight=False)


def main(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="model folder, or the name of one in models/")],
    replace: Annotated[bool, typer.Option("--replace", help="replace the pinned artifacts by what was made")] = False,
    check: Annotated[bool, typer.Option("--check", help="only convert again from the pinned weights, compare")] = False,
    from_weights: Annotated[bool, typer.Option("--from-weights", help="rebuild artifacts without training")] = False,
    control: Annotated[
        bool, typer.Option("--control", help="only fine-tune the float model likewise, compare")
    ] = False,
) -> None:
    """Make a model's artifacts: train, convert, measure, show what changed, replace when told."""
    try:
        model = load_model(folder if folder.exists() or not Path("models", folder).exists() else Path("models", folder))
        if control:
            good = show_control(model)
        else:
            good = check_conversion(model) if check else rebuild(model, train=not from_weights, replace=replace)
    except TinygateError as error:
        console.print(f"{type(error).__name__}: {error}", style="red", markup=False)
        raise typer.Exit(2) from error
    raise typer.Exit(0 if good else 1)


def rebuild(model: Model, *, train: bool, replace: bool) -> bool:
    """Make artifacts from new or from the pinned weights beside the pinned ones, print what changed; True when made.

    They take the pinned ones' place when told, and where there are none.
    """
    if not hasattr(model.recipe, "TRAINING"):
        console.print(
            f"{model.folder}: its recipe trains nothing; artifacts made elsewhere are pinned by `tinygate pin`"
        )
        return True
    started, processor = time.monotonic(), _processor_s()
    dataset = model.load_data()
    before = build.previous_manifest(model)
    if train:
        from tinygate.recipes.contract import check_contract

        check_contract(model, dataset)
    weights = train_all(model, dataset) if train else _pinned_weights(model)
    artifacts = build.make_artifacts(model, dataset, weights, progress=lambda what: console.print(f"  {what}"))
    pinned = model.folder / "artifacts"
    target = pinned if replace or before is None else model.folder / "artifacts.new"
    build.write_artifacts(target, artifacts)
    console.print(changes(before, artifacts.manifest))
    elapsed, used = time.monotonic() - started, _processor_s() - processor
    console.print(f"{target} written after {elapsed:.0f} s ({used:.0f} s of processor time)")
    if target != pinned:
        how = "--replace" if train else "--from-weights --replace"
        console.print(
            f"the pinned artifacts are as they were; `python -m tinygate.recipes {model.folder} {how}` replaces"
        )
    return True


def _processor_s() -> float:
    """Processor time of this process and of those it waited for: wall time says little on a busy machine."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def train_all(model: Model, dataset: Dataset) -> dict[str, Weights]:
    """Return every set of weights that a variant of the recipe's model starts from, showing bars."""
    from tinygate.recipes.trained import TRAINED, epochs_of, train, wanted_for

    hyper, task = model.recipe.TRAINING, model.config.task
    weights: dict[str, Weights] = {}
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        for name in wanted_for(method.weights for method in build.methods_of(model).values()):
            bar = bars.add_task(f"{TRAINED[name].title}, epochs", total=epochs_of(name, hyper))
            report = partial(_advance, bars, bar)
            weights[name] = train(name, model.recipe, dataset, weights, report, task)
    return weights


def _advance(bars: Progress, bar: TaskID, done: int) -> None:
    bars.update(bar, completed=done)


def check_conversion(model: Model) -> bool:
    """Convert from the pinned weights and print which variants came out byte for byte as pinned; True when all did."""
    manifest = load_manifest(model.folder / "artifacts" / "manifest.json")
    again = build.convert_all(model, model.load_data(), _pinned_weights(model))
    good = True
    for name, content in again.items():
        found, entry = hashlib.sha256(content).hexdigest(), manifest.variants.get(name)
        same = entry is not None and entry.sha256 == found
        good = good and same
        demanded = entry.sha256[:12] if entry else "nothing"
        console.print(f"{name:<20} {found[:12]}… {'as pinned' if same else f'differs: pinned is {demanded}…'}")
    return good


def show_control(model: Model) -> bool:
    """Print what the same fine-tuning does to the float model, so that it is not credited to quantization; True."""
    from tinygate.recipes.control import compare_control

    weights = _pinned_weights(model)["float_weights"]
    with Progress(console=console) as bars:
        bar = bars.add_task("fine-tune float", total=model.recipe.TRAINING.qat_epochs)
        result = compare_control(model, model.load_data(), weights, lambda done: bars.update(bar, completed=done))
    console.print(
        f"float32 after the same fine-tuning: drop {result.drop_points:+.2f} points "
        f"({result.low_points:+.2f} to {result.high_points:+.2f}), {result.lost} lost, {result.gained} gained"
    )
    return True


def changes(before: Manifest | None, after: Manifest) -> Table:
    """Return a table of every variant's hash, bytes and metric, before and after."""
    table = Table("variant", "sha256", "bytes", "metric", "changed")
    old = before.variants if before else {}
    for name in sorted(old.keys() | after.variants.keys()):
        was, now = old.get(name), after.variants.get(name)
        same = was is not None and now is not None and was.sha256 == now.sha256
        cells = (_arrow(_sha(was), _sha(now)), _arrow(_bytes(was), _bytes(now)), _arrow(_accuracy(was), _accuracy(now)))
        table.add_row(name, *cells, "no" if same else "yes")
    return table


def _arrow(was: str, now: str) -> str:
    return now if was == now else f"{was} → {now}"


def _sha(entry: VariantEntry | None) -> str:
    return entry.sha256[:12] if entry else "none"


def _bytes(entry: VariantEntry | None) -> str:
    return str(entry.bytes) if entry else "none"


def _accuracy(entry: VariantEntry | None) -> str:
    return measured(entry) if entry else "none"


def _pinned_weights(model: Model) -> dict[str, Weights]:
    folder = model.folder / "artifacts"
    return dict(build.load_pinned_weights(folder, load_manifest(folder / "manifest.json")))


if __name__ == "__main__":
    typer.run(main)
