"""A model's recipe.py, run with an end: it is the user's code, and may hang or break."""

from __future__ import annotations

import contextlib
import importlib.util
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

from tinygate.errors import ConfigError, DataError, TinygateError

if TYPE_CHECKING:
    from tinygate.data import Dataset

IMPORT_S = 30
LOAD_S = 600


def import_recipe(name: str, path: Path) -> ModuleType:
    """Return the module at a path. Raises ConfigError when it is no Python, breaks or takes longer than `IMPORT_S`."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        with _ending_after(IMPORT_S, f"{path}: importing it took longer than {IMPORT_S} s; load data in load_data()"):
            spec.loader.exec_module(module)
    except TinygateError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{path}: cannot be imported: {type(error).__name__}: {error}; mend the recipe") from error
    return module


def load_data(recipe: ModuleType, path: Path) -> Dataset:
    """Return the recipe's data. Raises DataError when it has none, breaks or takes longer than `LOAD_S`."""
    if not callable(getattr(recipe, "load_data", None)):
        raise ConfigError(f"{path}: it has no load_data(), which every recipe needs")
    try:
        with _ending_after(LOAD_S, f"{path}: load_data() took longer than {LOAD_S} s; keep its result in a file"):
            dataset: Dataset = recipe.load_data()
    except TinygateError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(f"{path}: load_data() broke: {type(error).__name__}: {error}; mend the recipe") from error
    return dataset


@contextlib.contextmanager
def _ending_after(seconds: int, sentence: str) -> Iterator[None]:
    """Raise ConfigError in the main thread when its time is up; elsewhere, and without SIGALRM, there is no end."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise ConfigError(sentence)

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
