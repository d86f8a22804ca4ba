"""recipe.py, imported and asked for its data under a time limit; what it does wrong is one sentence with its line."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import TypeVar

from tinygate.data import Dataset
from tinygate.errors import ConfigError, TinygateError

IMPORT_LIMIT_S, DATA_LIMIT_S = 60.0, 600.0
LIMIT_VARIABLE = "TINYGATE_RECIPE_LIMIT_S"
T = TypeVar("T")


class _TooLongError(BaseException):
    """A recipe that does not come to an end; no recipe's `except Exception` may swallow it."""


def load_recipe(path: Path, name: str) -> ModuleType:
    """Return a recipe.py as a module called `name`.

    Raises:
        ConfigError: no such file, no Python, an exception while it is imported, or no end within IMPORT_LIMIT_S.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; a model needs a recipe with load_data()")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path}: not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    loader = spec.loader
    _guarded(path, "importing it", IMPORT_LIMIT_S, lambda: loader.exec_module(module))
    return module


def data_of(recipe: ModuleType, path: Path) -> Dataset:
    """Return what load_data() returns.

    Raises:
        ConfigError: there is no load_data(), it raises or does not end, or it returns something else than a Dataset.
        DataError: the data cannot be used.
    """
    load = getattr(recipe, "load_data", None)
    if not callable(load):
        raise ConfigError(f"{path}: no function load_data(); a recipe needs one that returns a tinygate.data.Dataset")
    found = _guarded(path, "load_data()", DATA_LIMIT_S, load)
    if not isinstance(found, Dataset):
        what = "nothing" if found is None else f"a {type(found).__name__}"
        raise ConfigError(f"{path}: load_data() returned {what}; expected a tinygate.data.Dataset")
    return found


def _guarded(path: Path, what: str, limit_s: float, run: Callable[[], T]) -> T:
    limit_s = float(os.environ.get(LIMIT_VARIABLE) or limit_s)
    try:
        with _limit(limit_s):
            return run()
    except (TinygateError, KeyboardInterrupt):
        raise
    except _TooLongError as error:
        advice = f"mend it, or allow more by {LIMIT_VARIABLE}"
        raise ConfigError(f"{_where(path, error)}: {what} did not end within {limit_s:g} s; {advice}") from None
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno}: not valid Python: {error.msg}") from error
    except (Exception, SystemExit) as error:
        said = " ".join(str(error).split())
        raise ConfigError(f"{_where(path, error)}: {what} raised {type(error).__name__}: {said}") from error


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Interrupt what runs too long; only where signals can: in the main thread of a POSIX system."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _where(path: Path, error: BaseException) -> str:
    """Return the recipe with the last of its own lines that the error passed through."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path.absolute() or frame.filename == str(path)
    ]
    return f"{path}:{lines[-1]}" if lines else str(path)
