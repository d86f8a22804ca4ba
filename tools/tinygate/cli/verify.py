"""`tinygate verify`: is a run's evidence what it was when it was sealed? Thin: prints; exits with 0 or 3."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from tinygate.cli.options import Store, store_folder
from tinygate.verdict import Verdict


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(verify)


def verify(
    bundle: Annotated[Path, typer.Argument(help="a report folder, or a .zip of the store")],
    store: Store = None,
) -> None:
    """Check a run's evidence: every hash, the chain, completeness; exit 0 if it is whole, 3 if it is not."""
    from tinygate.report.sanitize import plain
    from tinygate.store.evidence import verify as check

    found = check(bundle)
    kept = store_folder(store)
    head = _remembered(kept, found.run)
    problems = list(found.problems)
    if head not in (None, found.head):
        problems.append(f"the store in {kept} remembers that run {found.run} was sealed with {head}, not {found.head}")
    for problem in problems:
        print(plain(f"{bundle}: {problem}"), file=sys.stderr)
    if problems:
        print(f"{bundle}: {len(problems)} problems: this evidence cannot be trusted")
        raise typer.Exit(Verdict.INCONCLUSIVE.exit_code)
    witness = f"as {kept} remembers it" if head else f"{kept} does not know this run"
    print(plain(f"{bundle}: run {found.run}, {found.verdict}: {found.entries} entries, whole; {witness}"))


def _remembered(store: Path, run: str) -> str | None:
    from tinygate.store.index import Index
    from tinygate.store.ledger import Ledger

    if not Ledger(store).path.is_file():
        return None
    with Index(store) as index:
        return index.evidence(run)
