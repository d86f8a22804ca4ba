"""`tinygate lint-data`: is a calibration set representative? Thin: reads, prints, sets the exit code."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.errors import InputError, ModelFileError
from tinygate.verdict import Verdict

if TYPE_CHECKING:
    from tinygate.calibration.finding import LintReport

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
WIDTH = 120


class Format(StrEnum):
    """How to print the report."""

    TEXT = "text"
    JSON = "json"


class FailOn(StrEnum):
    """The mildest severity that makes the command fail."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("lint-data")(lint_data)


def lint_data(
    folder: Annotated[Path | None, typer.Argument(help="model folder, whose manifest lists the set")] = None,
    representative: Annotated[Path | None, typer.Option(help=".npz with another set: inputs, and labels …")] = None,
    tflite: Annotated[Path | None, typer.Option(help="judge this model's ranges; alone: what it betrays")] = None,
    output: Annotated[Format, typer.Option("--format", help="how to print the report")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="exit with 1 from this severity on")] = FailOn.ERROR,
    explain: Annotated[str, typer.Option(metavar="CODE", help="say what a rule demands and why")] = "",
) -> None:
    """Check a calibration set against training and test data; exit 0 sound, 1 broken rules, 2 nothing to check."""
    if explain:
        sys.stdout.write(_explanation(explain))
        return
    report = _report(folder, representative, tflite)
    sys.stdout.write(_as_json(report)) if output is Format.JSON else _print(report)
    limit = list(FailOn).index(fail_on)
    failed = report.worst is not None and list(FailOn).index(FailOn(report.worst.value)) <= limit
    raise typer.Exit((Verdict.FAIL if failed else Verdict.PASS).exit_code)


def _report(folder: Path | None, representative: Path | None, tflite: Path | None) -> LintReport:
    from tinygate.calibration.lint import lint_tflite
    from tinygate.calibration.representative_set import from_archive
    from tinygate.judge.calibration import lint_model
    from tinygate.model.folder import load_model

    if folder is not None:
        given = from_archive(representative) if representative else None
        models = {tflite.stem: _read(tflite)} if tflite else None
        return lint_model(load_model(folder), given, models)
    if tflite is None or representative is not None:
        raise InputError("nothing to compare with; name a model folder, or a .tflite alone with --tflite.")
    return lint_tflite(_read(tflite), tflite.stem)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}. Name a .tflite file.") from None


def _print(report: LintReport) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    for finding in report.broken:
        colour = _COLOURS[finding.severity.value] if finding.severity else ""
        console.print(Text(finding.sentence(), style=colour), soft_wrap=not console.is_terminal)
    held = sorted({finding.code for finding in report.findings} - report.codes)
    counts = {name: sum(f.severity == name for f in report.broken) for name in _COLOURS}
    console.print(f"hold: {', '.join(held) or 'none'}")
    console.print(", ".join(f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items()))


def _as_json(report: LintReport) -> str:
    rows = [
        {"code": f.code, "name": f.name, "severity": f.severity, "place": f.place, "values": f.values}
        for f in report.findings
    ]
    return json.dumps({"worst": report.worst, "findings": rows}, indent=1) + "\n"


def _explanation(code: str) -> str:
    from tinygate.calibration.rules import rule_of

    rule = rule_of(code)
    return (
        f"{rule.code} {rule.name} ({rule.severity})\n\n{rule.demand}\n\n{rule.why}\n\n"
        f"Mend it: {rule.fix}\nSource: {rule.source}.\n"
    )
