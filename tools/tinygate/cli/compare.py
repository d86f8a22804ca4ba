"""`tinygate compare`: two models, or two runtimes on one model, layer by layer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinygate.errors import ConfigError, DataError, ModelFileError
from tinygate.verdict import Verdict

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

    from tinygate.compare.execution import Execution
    from tinygate.compare.sensitivity import LayerCost
    from tinygate.model.folder import Model

MARGIN_POINTS = 1.0
WIDTH = 120


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(compare)


def compare(
    reference: Annotated[str, typer.Argument(help="the float .tflite; with --model a variant's name")],
    candidate: Annotated[str | None, typer.Argument(help="the quantized one; none to compare two runtimes")] = None,
    data: Annotated[Path | None, typer.Option(help=".npz with inputs, and labels and recordings if known")] = None,
    model: Annotated[Path | None, typer.Option(help="a model folder, whose test set is taken")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="use this many, evenly spaced")] = None,
    margin: Annotated[
        float | None, typer.Option(help=f"points of accuracy that may be lost ({MARGIN_POINTS:g})")
    ] = None,
    runtimes: Annotated[
        str, typer.Option(help="runtime of each: tflm, litert-ref, litert, numpy; default: litert for floats, tflm")
    ] = "",
    task: Annotated[
        str, typer.Option(help="what outputs mean: classification, regression, anomaly, custom; default: told")
    ] = "",
    sensitivity: Annotated[bool, typer.Option(help="also quantize one layer at a time")] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="write everything to this file, - for stdout")
    ] = None,
) -> None:
    """Compare layer by layer: SQNR, errors in LSB, flips, McNemar, interval; exit 0 PASS, 1 FAIL, 3 INCONCLUSIVE."""
    evaluation = _evaluation(data, model, samples)
    one, other = _runtimes(runtimes, single=candidate is None)
    left = _execution(reference, model, evaluation, one)
    right = _execution(candidate or reference, model, evaluation, other)
    console = _console(json_file)
    if candidate is None:
        verdict, result = _compare_runtimes(console, left, right)
    else:
        points = margin if margin is not None else _margin_of(model, reference, candidate)
        names = _short(reference, candidate)
        meaning = task or _task_of(model, left, evaluation)
        verdict, result = _compare_graphs(console, left, right, names, evaluation, points, sensitivity, meaning)
    _write_json(json_file, result | {"verdict": verdict})
    raise typer.Exit(verdict.exit_code)


@dataclass(frozen=True)
class _Evaluation:
    """Samples [N, ...] with what is known of them."""

    inputs: NDArray[Any]
    labels: NDArray[Any] | None
    recordings: NDArray[Any] | None


def _evaluation(data: Path | None, model: Path | None, samples: int | None) -> _Evaluation:
    import numpy as np

    from tinygate.data.archive import read_archive

    if data is not None:
        found = read_archive(data, ("inputs",), ("labels", "recordings"))
        everything = _Evaluation(found["inputs"], found.get("labels"), found.get("recordings"))
    elif model is not None:
        test = _load_model(model).dataset.test
        labels = test.labels if test.has("labels") else None
        everything = _Evaluation(test.inputs, labels, test.clusters)
    else:
        raise DataError("no samples to compare on; name an .npz with --data, or a model folder with --model.")
    if not len(everything.inputs):
        raise DataError(f"{data}: no samples; expected at least one.")
    if samples is None or samples >= len(everything.inputs):
        return everything
    rows = np.linspace(0, len(everything.inputs) - 1, samples).astype(int)
    parts = (everything.labels, everything.recordings)
    return _Evaluation(everything.inputs[rows], *(None if part is None else part[rows] for part in parts))


def _runtimes(named: str, *, single: bool) -> tuple[str, str]:
    names = [name.strip() for name in named.split(",") if name.strip()]
    if not names:
        return ("tflm", "litert-ref") if single else ("", "")
    if len(names) != 2 and (single or len(names) > 2):
        raise ConfigError(f"--runtimes {named}: expected two names with a comma between, such as tflm,litert.")
    return names[0], names[-1]


def _execution(name: str, model: Path | None, evaluation: _Evaluation, runtime: str) -> Execution:
    from tinygate.oracle.execution import execution

    content = _content(name, model)
    try:
        return execution(content, evaluation.inputs, runtime)
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {error}") from error


def _content(name: str, model: Path | None) -> bytes:
    """Return a variant of the model folder if the name is one, else the file of that name."""
    if model is not None and name in _load_model(model).config.variants:
        return _load_model(model).variant(name).content
    try:
        return Path(name).read_bytes()
    except OSError as error:
        known = f" and no variant of {model} ({', '.join(_load_model(model).config.variants)})" if model else ""
        raise ModelFileError(f"{name}: no readable file ({error.strerror}){known}; name a .tflite.") from error


def _short(reference: str, candidate: str) -> tuple[str, str]:
    """Return what to call two models: file names without folder and suffix, unless they are the same."""
    one, other = Path(reference).stem, Path(candidate).stem
    return (one, other) if one != other else (reference, candidate)


def _load_model(folder: Path) -> Model:
    from tinygate.model.folder import load_model

    return load_model(folder)


def _margin_of(model: Path | None, reference: str, candidate: str) -> float:
    """Return the margin that model.toml gives this pair, else the default."""
    margins = _load_model(model).config.margins if model is not None else ()
    pairs = {(m.relative_to, m.variant): float(m.max_drop_points) for m in margins}
    return pairs.get((reference, candidate), MARGIN_POINTS)


def _task_of(model: Path | None, reference: Execution, evaluation: _Evaluation) -> str:
    from tinygate.compare.task import task_of

    return _load_model(model).config.task if model is not None else task_of(reference.model, evaluation.labels)


def _compare_graphs(
    console: Console,
    left: Execution,
    right: Execution,
    names: tuple[str, str],
    evaluation: _Evaluation,
    margin: float,
    with_sensitivity: bool,
    task: str,
) -> tuple[Verdict, dict[str, Any]]:
    from tinygate.compare import render
    from tinygate.compare.graphs import compare_graphs

    comparison = compare_graphs(left, right, names, evaluation.labels, evaluation.recordings, margin, task)
    console.print(render.layer_table(comparison))
    costs = _sensitivity(console, left, right) if with_sensitivity else ()
    for line in render.sentences(comparison):
        console.print(line, markup=False, soft_wrap=True)
    first = comparison.first_divergence
    result = {"comparison": comparison, "first_divergence": first, "steepest_loss": comparison.steepest_loss}
    return comparison.answers.verdict, result | ({"sensitivity": costs} if costs else {})


def _sensitivity(console: Console, left: Execution, right: Execution) -> Sequence[LayerCost]:
    from tinygate.compare import render
    from tinygate.compare.sensitivity import sensitivity

    with console.status("one layer at a time") as status:
        costs = sensitivity(left, right, lambda done, total: status.update(f"one layer at a time: {done} of {total}"))
    console.print(render.sensitivity_table(costs))
    return costs


def _compare_runtimes(console: Console, left: Execution, right: Execution) -> tuple[Verdict, dict[str, Any]]:
    from tinygate.compare import render
    from tinygate.compare.runtimes import compare_runtimes

    comparison = compare_runtimes(left, right)
    console.print(render.runtime_table(comparison))
    first = comparison.first_diverging
    verdict = Verdict.FAIL if first else Verdict.PASS
    where = f"first difference at operator {first.operator} {first.kind}" if first else "equal to the bit"
    console.print(f"{verdict}: {where}; {comparison.flips} predictions flip.", markup=False)
    return verdict, {"runtimes": comparison, "first_diverging": first}


def _console(json_file: Path | None) -> Console:
    """Return where people read: not stdout if the JSON goes there."""
    from rich.console import Console

    console = Console(highlight=False, stderr=str(json_file) == "-")
    if not console.is_terminal:
        console.width = WIDTH  # of a log file nobody knows the width
    return console


def _write_json(path: Path | None, result: dict[str, Any]) -> None:
    if path is None:
        return
    from tinygate.compare.render import as_json
    from tinygate.store.atomic import write_text

    text = json.dumps(as_json(result), indent=1, allow_nan=False) + "\n"
    if str(path) == "-":
        typer.echo(text, nl=False)
    else:
        write_text(path, text)
