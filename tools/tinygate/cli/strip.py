"""`tinygate strip`: where do a model's bytes go, and which of them does no device need? Thin."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinygate.cli.audit import content_of, naming
from tinygate.errors import ConfigError, InputError

if TYPE_CHECKING:
    from tinygate.tflite import TfliteModel


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(strip)


def strip(
    model: Annotated[Path, typer.Argument(help="any .tflite file")],
    output: Annotated[Path | None, typer.Option(help="write the stripped model here; without, only say")] = None,
    data: Annotated[
        Path | None, typer.Option(help="an .npz with test_inputs to hold both against; without, random windows")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Remove names, metadata, ranges and unused buffers; prove in the oracle that every output stays the same."""
    from tinygate.packing.breakdown import breakdown
    from tinygate.packing.check import check_same_outputs
    from tinygate.packing.strip import strip as strip_content
    from tinygate.tflite import read_model

    if output is not None and output.exists() and output.samefile(model):
        raise ConfigError(f"--output {output}: that is the model itself; name another file.")
    with naming(model):
        content = content_of(model)
        stripped = strip_content(content)
        parts = {name: (before, breakdown(stripped)[name]) for name, before in breakdown(content).items()}
        fed = _fed(data, read_model(content), str(model)) if data else ()
        proof = check_same_outputs(content, stripped, fed) if output else ""
    if output is not None:
        _write(output, stripped)
    show = _as_json if as_json else _as_text
    sys.stdout.write(show(model, parts, (len(content), len(stripped)), proof, output))


def _fed(data: Path, tflite: TfliteModel, name: str) -> tuple[Any, ...]:
    from tinygate.data.arrays import dataset_from_npz
    from tinygate.model.evaluation import feed

    return feed(tflite, dataset_from_npz(data).test, name)


def _write(output: Path, content: bytes) -> None:
    from tinygate.store.atomic import write_bytes

    try:
        write_bytes(output, content)
    except OSError as error:
        raise InputError(f"--output {output}: cannot be written ({error.strerror}); name a file in a folder.") from None


def _as_text(
    model: Path, parts: dict[str, tuple[int, int]], total: tuple[int, int], proof: str, output: Path | None
) -> str:
    from tinygate.packing.breakdown import PURPOSES

    before, after = total
    lines = [f"{model}: {before:,} bytes, {after:,} of which a device needs", "", f"{'as it is':>12}{'stripped':>12}"]
    lines += [f"{was:>12,}{now:>12,}  {name}: {PURPOSES[name]}" for name, (was, now) in parts.items() if was or now]
    lines += [f"{before:>12,}{after:>12,}  in all", ""]
    lines += [f"{output} written: outputs are the same, bit for bit, on {proof}."] if output else []
    lines += [] if output else ["Nothing was written; --output FILE writes the stripped model."]
    return "\n".join(lines) + "\n"


def _as_json(
    model: Path, parts: dict[str, tuple[int, int]], total: tuple[int, int], proof: str, output: Path | None
) -> str:
    whole = {
        "model": str(model),
        "bytes": total[0],
        "stripped_bytes": total[1],
        "purposes": {name: {"bytes": was, "stripped_bytes": now} for name, (was, now) in parts.items()},
        "output": str(output) if output else None,
        "outputs_same_on": proof or None,
    }
    return json.dumps(whole, indent=1) + "\n"
