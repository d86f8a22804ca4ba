"""`tinygate doctor`: what this machine can do. Thin: prints; exits with 0 if suites and virtual board run."""

from __future__ import annotations

import typer

from tinygate.verdict import Verdict


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(doctor)


def doctor() -> None:
    """Say what this machine can do, what is missing for more, and what mends it; exit 0 if it can gate at all."""
    from tinygate.project.doctor import abilities

    found = list(abilities())
    for ability in found:
        word = "ok" if ability.there else "missing" if ability.needed else "–"
        print(f"{word:<8} {ability.name:<14} {ability.found}")
        if ability.remedy:
            print(f"{'':<8} {'':<14} → {ability.remedy}")
    able = all(ability.there for ability in found if ability.needed)
    print(f"the host suite and the virtual board {'can' if able else 'cannot'} run here")
    raise typer.Exit((Verdict.PASS if able else Verdict.ERROR).exit_code)
