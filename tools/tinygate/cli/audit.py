"""`tinygate audit`: is a quantized .tflite sound? Thin: reads the file, prints the report, sets the exit code."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.errors import InputError, ModelFileError
from tinygate.extras import require
from tinygate.store.files import refuse_pointer
from tinygate.verdict import Verdict

if TYPE_CHECKING:
    from tinygate.audit import AuditReport

_LARGEST_FILE_BYTES = 256 << 20  # far beyond any flash; keeps the audit's memory below 1 GB


class Format(StrEnum):
    """How to print the report."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


class FailOn(StrEnum):
    """The mildest severity that makes the command fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(audit)


def audit(
    models: Annotated[list[Path] | None, typer.Argument(metavar="[MODEL]...", help=".tflite files")] = None,
    target: Annotated[str, typer.Option(help="a chip, for the rules about its kernels")] = "",
    output: Annotated[Format, typer.Option("--format", help="how to print the report")] = Format.TEXT,
    ignore: Annotated[list[str] | None, typer.Option(help="CODE=reason; may be repeated")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="exit with 1 from this severity on")] = FailOn.ERROR,
    tensors: Annotated[bool, typer.Option(help="list ranges, scales and weight histograms")] = False,
    run: Annotated[bool, typer.Option("--run", help="also run the model once in TensorFlow Lite Micro")] = False,
    kernels: Annotated[
        list[str] | None, typer.Option("--with", help="LIBRARY=VERSION of the target's kernels; may be repeated")
    ] = None,
    explain: Annotated[str, typer.Option(metavar="CODE", help="say what a rule demands and why")] = "",
) -> None:
    """Check quantized models against every rule; exit 0 sound, 1 broken rules, 2 no .tflite at all."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # starting threads would take longer than the audit
    from tinygate.audit import audit as run_audit
    from tinygate.audit import formats
    from tinygate.audit.rules import rule_of

    if explain:
        sys.stdout.write(formats.explain(rule_of(explain)))
        return
    if not models:
        raise InputError("no model named; expected a .tflite file, or --explain CODE.")
    reports = []
    for model in models:
        with naming(model):
            content = content_of(model)
            refusal = _refusal(content) if run else None
            report = run_audit(
                content, target=target, ignore=_pairs(ignore or []), versions=_pairs(kernels or []), refusal=refusal
            )
        reports.append((model, report))
    sys.stdout.write(_printed(reports, output, tensors))
    limit = list(FailOn).index(fail_on)
    worst = [FailOn(report.worst.value) for _, report in reports if report.worst is not None]
    failed = any(list(FailOn).index(severity) <= limit for severity in worst)
    raise typer.Exit((Verdict.FAIL if failed else Verdict.PASS).exit_code)


def _printed(reports: list[tuple[Path, AuditReport]], output: Format, tensors: bool) -> str:
    """Return all reports in a format that one reader takes: several are one SARIF log, and one JSON object a line."""
    from tinygate.audit import formats

    if output is Format.TEXT:
        return "".join(formats.as_text(report, str(model), figures=tensors) for model, report in reports)
    if output is Format.GITHUB:
        return "".join(formats.as_github(report, model.as_posix()) for model, report in reports)
    if output is Format.SARIF:
        return formats.as_sarif([(report, model.as_posix()) for model, report in reports])
    shown = [formats.as_json(report, str(model)) for model, report in reports]
    return shown[0] if len(shown) == 1 else "".join(json.dumps(json.loads(text)) + "\n" for text in shown)


@contextmanager
def naming(model: Path) -> Iterator[None]:
    """Put the file's name before a ModelFileError that does not say it: several files may have been named."""
    try:
        yield
    except ModelFileError as error:
        raise error if str(model) in str(error) else ModelFileError(f"{model}: {error}") from error


def content_of(model: Path) -> bytes:
    """Return the content of a .tflite file that a user named. Raises ModelFileError if there is no such file."""
    try:
        status = model.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelFileError(f"{model} is no regular file. Name a .tflite file.")
        if status.st_size > _LARGEST_FILE_BYTES:
            megabytes = _LARGEST_FILE_BYTES >> 20
            raise ModelFileError(
                f"{model} has {status.st_size} bytes; a model for a microcontroller has at most {megabytes} MiB. "
                "Is this the right file?"
            )
        with model.open("rb") as file:
            content = file.read(_LARGEST_FILE_BYTES)
    except OSError as error:
        raise ModelFileError(f"{model} cannot be read: {error.strerror}. Name a .tflite file.") from None
    refuse_pointer(model, content, ModelFileError)
    return content


def _refusal(content: bytes) -> str:
    require("tflite_micro", "--run cannot ask TensorFlow Lite Micro")
    from tinygate.oracle import refusal

    return refusal(content)


def _pairs(items: list[str]) -> dict[str, str]:
    return {name.strip(): value for name, _, value in (item.partition("=") for item in items)}
