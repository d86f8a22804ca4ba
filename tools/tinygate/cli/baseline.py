"""`tinygate baseline`: what a variant shall be held against. Thin: reads evidence, writes baseline.json, prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.cli.options import Store, chosen_models, store_folder

if TYPE_CHECKING:
    from tinygate.gate.baselining import Candidate
    from tinygate.model.folder import Model

Source = Annotated[
    Path | None, typer.Option("--from", help="a report folder, or a .zip of the store; default: the newest run there")
]
Models = Annotated[list[str] | None, typer.Option("--model", help="this model only; may be repeated")]
Variants = Annotated[list[str] | None, typer.Option("--variant", help="this variant only; may be repeated")]
Root = Annotated[Path | None, typer.Option("--models-root", help="folder that holds the model folders (models)")]

commands = typer.Typer(
    no_args_is_help=True, help="What variants are held against: set by people, reviewed, never automatic."
)


def register(app: typer.Typer) -> None:
    """Add the commands to an application."""
    app.add_typer(commands, name="baseline")


@commands.command(name="set")
def set_baseline(
    source: Source = None, model: Models = None, variant: Variants = None, models_root: Root = None, store: Store = None
) -> None:
    """Write what a run found into baseline.json of each model: review and commit it."""
    from tinygate.errors import EvidenceError
    from tinygate.model.baseline import save_baseline

    found = _candidates(source, model, variant, store)
    refused = [one for one in found if one.refused]
    if refused:
        one = refused[0]
        more = f"; {len(refused) - 1} more like it" if len(refused) > 1 else ""
        raise EvidenceError(
            f"{one.model} {one.variant} at {one.place} cannot be a baseline: {one.refused}{more}; "
            "mend that first, or name others with --variant"
        )
    for folder, ones in _by_model(found, models_root):
        save_baseline(
            folder.baseline_path, folder.baseline.with_entries({(one.variant, one.place): one.baseline for one in ones})
        )
        for one in ones:
            print(_plain(f"set {one.model} {one.variant} at {one.place}" + (f" ({one.note})" if one.note else "")))
        print(f"review and commit {folder.baseline_path}")


@commands.command()
def show(model: Models = None, variant: Variants = None, models_root: Root = None) -> None:
    """Print the baselines that are set."""
    from tinygate.judge.difference import difference

    for folder in chosen_models(model, models_root):
        for name, places in folder.baseline.variants.items():
            for place, entry in places.items() if name in (variant or (name,)) else ():
                print(_plain(f"{folder.name} {name} at {place}, from run {entry.run}, {len(entry.latency_us)} boots"))
                conditions = ", ".join(f"{key} {value}" for key, value in entry.conditions.items())
                lines = [*([f"holds for {conditions}"] if conditions else []), *list(difference(None, entry))[1:]]
                for line in lines:
                    print(f"  {_plain(line)}")


@commands.command()
def diff(
    source: Source = None, model: Models = None, variant: Variants = None, models_root: Root = None, store: Store = None
) -> None:
    """Print what a run found beside the baseline, and what has changed in between."""
    from tinygate.judge.difference import difference

    for folder, ones in _by_model(_candidates(source, model, variant, store), models_root):
        for one in ones:
            print(_plain(f"{one.model} {one.variant} at {one.place}"))
            for line in difference(folder.baseline.entry(one.variant, one.place), one.entry):
                print(f"  {_plain(line)}")


def _candidates(
    source: Path | None, models: Sequence[str] | None, variants: Sequence[str] | None, store: Path | None
) -> list[Candidate]:
    from tinygate.gate.baselining import candidates, chosen, newest_bundle

    return chosen(candidates(source or newest_bundle(store_folder(store))), models or (), variants or ())


def _by_model(found: Sequence[Candidate], root: Path | None) -> Iterator[tuple[Model, list[Candidate]]]:
    for folder in chosen_models(sorted({one.model for one in found}), root):
        yield folder, [one for one in found if one.model == folder.name]


def _plain(text: str) -> str:
    """Return text that may hold words of a board, harmless to print; its indentation stays."""
    from tinygate.report.sanitize import plain

    return text[: len(text) - len(text.lstrip())] + plain(text.lstrip())
