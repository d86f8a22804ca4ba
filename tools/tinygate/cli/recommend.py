"""`tinygate recommend`: which of a model's pinned variants ships on a target, and why? Thin."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.cli.options import chosen_models, require_board_target
from tinygate.errors import InputError
from tinygate.targets import DEFAULT_CHIP

if TYPE_CHECKING:
    from tinygate.model.folder import Model
    from tinygate.study.evidence import Evidence


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(recommend)


def recommend(
    model: Annotated[list[str] | None, typer.Option(help="a model's name; may be repeated; all by default")] = None,
    target: Annotated[str, typer.Option(help="a chip whose arena is known")] = DEFAULT_CHIP,
    latency: Annotated[
        list[str] | None, typer.Option(help="VARIANT=µs as a board measured it on the target; may be repeated")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    tree: Annotated[bool, typer.Option("--tree", help="print the decision tree and end")] = False,
) -> None:
    """Recommend one variant, or what must be done first; say what binds, what is next best, what would change it."""
    from tinygate.study import answer
    from tinygate.study.recommend import recommend as decide

    if tree:
        sys.stdout.write(answer.tree_text())
        return
    require_board_target(target)
    chosen = chosen_models(model)
    gathered = [_timed(_pinned(each), target, latency or []) for each in chosen]
    found = [(evidence, decide(evidence, target)) for evidence in gathered]
    if as_json:
        sys.stdout.write(answer.dumps([answer.as_json(*each) for each in found]))
    else:
        sys.stdout.write("\n".join(answer.as_text(*each) for each in found))


def _pinned(model: Model) -> Evidence:
    """Return the evidence of the variants that a model declares and pins."""
    from tinygate.study.measure import gather

    names = dict.fromkeys([model.config.reference_variant, *model.config.variants])
    contents = {name: model.variant(name).content for name in names}
    methods = {name: model.config.variants[name].method or name for name in names}
    return gather(model, contents, methods, model.dataset)


def _timed(evidence: Evidence, target: str, latency: list[str]) -> Evidence:
    """Return the evidence with the times that a board measured."""
    times = {}
    for item in latency:
        name, _, value = item.partition("=")
        try:
            times[name] = {target: float(value)}
        except ValueError:
            raise InputError(f"--latency {item}: expected VARIANT=µs") from None
    variants = tuple(replace(v, latency_us=times.get(v.name, v.latency_us)) for v in evidence.variants)
    return replace(evidence, variants=variants)
