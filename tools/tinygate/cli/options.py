"""Options that several commands take, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinygate.errors import InputError

if TYPE_CHECKING:
    from tinygate.model.folder import Model

Store = Annotated[
    Path | None, typer.Option("--store", envvar="TINYGATE_STORE", help="folder that remembers runs (.tinygate)")
]


def store_folder(store: Path | None) -> Path:
    """Return the folder that remembers runs: the one that was named, or this project's."""
    from tinygate.store.ledger import FOLDER

    return store or Path(FOLDER)


def chosen_models(names: Sequence[str] | None, root: Path | None = None) -> tuple[Model, ...]:
    """Return the models of those names, all where there is none, of the root that is named or of this project.

    Raises:
        InputError: there is no such model.
    """
    from tinygate.model.selection import select
    from tinygate.project.settings import settings_of

    return select(root or settings_of(Path.cwd()).models_root, names or (), ()).models


def require_board_target(target: str) -> None:
    """Refuse a chip whose arena cannot be computed. Raises InputError."""
    from tinygate.study.measure import BOARD_TARGETS

    if target not in BOARD_TARGETS:
        raise InputError(f"--target {target}: no such chip; known: {', '.join(BOARD_TARGETS)}")
