"""Where `tinygate` starts: an audit at once, every other command by way of cli/main.py, whose imports take longer."""

from __future__ import annotations

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):  # before anything is imported that would fail in other words
    sys.exit(f"tinygate needs Python 3.11, 3.12 or 3.13; this is {sys.version.split()[0]}")

from collections.abc import Iterator
from contextlib import contextmanager

from tinygate.errors import TinygateError
from tinygate.verdict import verdict_of


def main() -> None:
    """Run the command that the words of the command line name."""
    if sys.argv[1:2] != ["audit"]:
        from tinygate.cli.main import main as run_any

        return run_any()
    from tinygate.cli.audit import audit

    with ending():
        sys.exit(audit(sys.argv[2:]))


@contextmanager
def ending() -> Iterator[None]:
    """Make an error made on purpose one line on stderr and the exit code of its verdict."""
    try:
        yield
    except TinygateError as error:
        print(f"tinygate: {error}", file=sys.stderr)
        sys.exit(verdict_of(error).exit_code)
