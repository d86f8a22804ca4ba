"""Writes what a gate run leaves behind: the table on the terminal, report.md and junit.xml."""

from __future__ import annotations

import datetime
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from tinygate.errors import EvidenceError
from tinygate.report import junit, render
from tinygate.report.summary import Summary
from tinygate.store import atomic

_PACKAGES = ("tinygate", "pytest-embedded", "esptool", "numpy", "tflite-micro", "ai-edge-litert")


def write_report(summary: Summary, junit_paths: Sequence[Path], report_dir: Path) -> None:
    """Print the summary and write report.md and junit.xml, each whole or not at all."""
    atomic.write_text(report_dir / "report.md", render.to_markdown(summary, _facts()))
    render.to_terminal(summary, Console(width=None if Console().is_terminal else 160))
    print(f"report: {report_dir / 'report.md'}, {report_dir / 'junit.xml'}")
    try:
        atomic.write_bytes(report_dir / "junit.xml", junit.merge(junit_paths))
    except EvidenceError as error:  # the verdict is known and shown already, and not PASS: the run itself failed
        print(f"tinygate: junit.xml not written: {error}")


def _facts() -> dict[str, str]:
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return {
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "packages": packages,
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return "not installed"


def _commit() -> str:
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
