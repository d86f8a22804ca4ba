"""`tinygate audit`: is a quantized .tflite sound? Thin: reads the file, prints the report, sets the exit code.

The smallest first step, and a hook before every commit: it is parsed by argparse, since the libraries that parse the
other commands take longer to import than the audit takes to run.
"""

from __future__ import annotations

import argparse
import json
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tinygate.errors import InputError, ModelFileError
from tinygate.extras import require
from tinygate.store.files import refuse_pointer
from tinygate.verdict import Verdict

if TYPE_CHECKING:
    from tinygate.audit import AuditReport

PURPOSE = "Check quantized models against every rule; exit 0 sound, 1 broken rules, 2 no .tflite at all."
FORMATS = ("text", "json", "sarif", "github")
SEVERITIES = ("error", "warning", "note")
"""Worst first."""

_LARGEST_FILE_BYTES = 256 << 20  # far beyond any flash; keeps the audit's memory below 1 GB


class _Parser(argparse.ArgumentParser):
    """One that says what is wrong in a sentence, like every command."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; `{self.prog} --help` lists what there is.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("tinygate audit", description=PURPOSE, allow_abbrev=False)
    option = parser.add_argument
    option("models", nargs="*", type=Path, metavar="MODEL", help=".tflite files")
    option("--target", default="", metavar="CHIP", help="a chip, for the rules about its kernels")
    option("--format", default="text", choices=FORMATS, help="how to print the report (text)")
    option("--ignore", action="append", default=[], metavar="CODE=REASON", help="set a rule aside; may be repeated")
    option("--fail-on", default="error", choices=SEVERITIES, help="exit with 1 from this severity on (error)")
    option("--tensors", action="store_true", help="list ranges, scales and weight histograms")
    option("--run", action="store_true", help="also run the model once in TensorFlow Lite Micro")
    option("--with", dest="kernels", action="append", default=[], metavar="LIBRARY=VERSION",
           help="of the target's kernels; may be repeated")  # fmt: skip
    option("--explain", default="", metavar="CODE", help="say what a rule demands and why")
    return parser


def audit(words: Sequence[str]) -> int:
    """Run the command with these words after its name; return its exit code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # starting threads would take longer than the audit
    asked = _parser().parse_intermixed_args(words)
    from tinygate.audit import formats
    from tinygate.audit.rules import rule_of

    if asked.explain:
        sys.stdout.write(formats.explain(rule_of(asked.explain)))
        return Verdict.PASS.exit_code
    if not asked.models:
        raise InputError("no model named; expected a .tflite file, or --explain CODE.")
    reports = [(model, _audited(model, asked)) for model in asked.models]
    sys.stdout.write(_printed(reports, asked.format, asked.tensors))
    fatal = SEVERITIES[: SEVERITIES.index(asked.fail_on) + 1]
    failed = any(report.worst is not None and report.worst.value in fatal for _, report in reports)
    return (Verdict.FAIL if failed else Verdict.PASS).exit_code


def _audited(model: Path, asked: argparse.Namespace) -> AuditReport:
    from tinygate.audit import audit as run_audit

    with naming(model):
        content = content_of(model)
        refusal = _refusal(content) if asked.run else None
        ignore, versions = _pairs(asked.ignore), _pairs(asked.kernels)
        return run_audit(content, target=asked.target, ignore=ignore, versions=versions, refusal=refusal)


def _printed(reports: list[tuple[Path, AuditReport]], output: str, tensors: bool) -> str:
    """Return all reports in a format that one reader takes: several are one SARIF log, and one JSON object a line."""
    from tinygate.audit import formats

    if output == "text":
        return "".join(formats.as_text(report, str(model), figures=tensors) for model, report in reports)
    if output == "github":
        return "".join(formats.as_github(report, model.as_posix()) for model, report in reports)
    if output == "sarif":
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
