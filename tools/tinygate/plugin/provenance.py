"""Whose answer is it? One counts for a check only if the suite's own test gave it, with the suite's own fixtures.

A test of the same name in another file, a fixture that stands in for one of tinygate's, a plugin that raises the gate's
own excuse: whatever they mean, they answer another question than the one that was asked. This is no defence against
code that sets out to forge the journal in the process that writes it; it names what habit or haste put in the way.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PACKAGE = "tinygate."
SUITES = "tinygate.suites."
FIXTURES = frozenset(
    "_only_proven_artifacts board board_run boot_log boots config entry firmware judge judge_figure judged logs "
    "measured_figures measured_setup not_judged not_measured once run variant".split()
)
"""What the suites ask for and what that rests on; where the board is and how it is driven is a lab's to say."""


def stand_in(item: pytest.Item) -> str:
    """Return the file of what answers in a suite's place: the test itself or a fixture of it; empty if nothing does."""
    test = getattr(item, "function", None)
    if test is None or not (_is_own(test) and test.__module__.startswith(SUITES)):
        return _file_of(test) or str(item.path)
    given: dict[str, Any] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    used = (given[name][-1].func for name in given if name in FIXTURES)
    return next((_file_of(function) for function in used if not _is_own(function)), "")


def is_lawful_excuse(item: pytest.Item, error: BaseException) -> bool:
    """Whether a skip was decided within the test or a fixture of its suite, by nothing but tinygate's code below it."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    asked = {
        getattr(function, "__code__", None) for function in (getattr(item, "function", None), *_suite_fixtures(item))
    }
    within = next((frames[n + 1 :] for n, frame in enumerate(frames) if frame.f_code in asked), [])
    return bool(within) and all(str(frame.f_globals.get("__name__")).startswith(PACKAGE) for frame in within)


def _suite_fixtures(item: pytest.Item) -> Iterator[Callable[..., Any]]:
    given: dict[str, Any] = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    for definitions in given.values():
        function = definitions[-1].func
        if _is_own(function) and function.__module__.startswith(SUITES):
            yield function


def _is_own(function: Callable[..., Any]) -> bool:
    """Whether a function is what stands in the module that it names: neither its module nor its code was replaced."""
    module = str(getattr(function, "__module__", ""))
    tail = module.replace(".", "/") + ".py"
    return module.startswith(PACKAGE) and _file_of(function).replace("\\", "/").endswith(tail)


def _file_of(function: Any) -> str:
    return str(getattr(getattr(function, "__code__", None), "co_filename", ""))
