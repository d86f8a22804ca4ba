"""`tinygate init`: makes a folder a project. Thin: says what was made, what was left alone, and what to do next."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Ci(StrEnum):
    """The system that runs the nightly job."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JENKINS = "jenkins"


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(init)


def init(ci: Annotated[Ci | None, typer.Option(help="also make its nightly job")] = None) -> None:
    """Make this folder a tinygate project: suites, pytest plugin, models folder, nightly job. Overwrites nothing."""
    from tinygate import __version__
    from tinygate.project.scaffold import init as make

    steps = make(Path.cwd(), __version__, ci.value if ci else "")
    for step in steps:
        word = "made" if step.made else "kept"
        print(f"{word}  {step.path}" + (f"  ({step.note})" if step.note and step.made else ""))
    for step in steps:
        if step.note and not step.made:
            print(f"to do: {step.path} is yours and was left alone; {step.note}")
    print("next: tinygate add NAME --variant ptq_int8=FILE.tflite --data FILE.npz, then tinygate gate")
