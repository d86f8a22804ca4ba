"""The first failure tells, the others skip: what many tests need is made once, and its failure is told once.

A cause that keeps twenty tests from running is one failure and nineteen skips, so that the one sentence that matters is
not buried. Whoever needs something shared asks `Once`; whoever reports asks `Told`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from _pytest.outcomes import Skipped  # pytest.skip.Exception, as a class that can be derived from

from tinygate.errors import InputError, LabError, TinygateError
from tinygate.verdict import Finding

_T = TypeVar("_T")


class JudgedError(AssertionError):
    """A test that failed because of a finding, whose verdict it keeps."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence())
        self.verdict = finding.verdict


class NotJudged(Skipped):
    """A test that was skipped for a reason that the gate accepts: what it asks cannot be asked here."""


class Once:
    """Remembers what was made, or why it could not be made."""

    def __init__(self) -> None:
        self._made: dict[Hashable, object] = {}

    def get(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """Return what `make` returned, or raise what it raised, when it was first asked for under this key."""
        if key not in self._made:
            try:
                self._made[key] = make()
            except (TinygateError, JudgedError) as error:
                self._made[key] = error
        found = self._made[key]
        if isinstance(found, BaseException):
            raise found.with_traceback(None)
        return cast(_T, found)


class Told:
    """Remembers which failures a reader has been told of."""

    def __init__(self) -> None:
        self._by: dict[Hashable, str] = {}

    def before(self, error: BaseException | None, node_id: str) -> str | None:
        """Return the test that told of this failure first; None when it is this one, or no failure of that kind.

        The same error raised again is the same cause; so is a lab's or an input's fault in the same words.
        """
        if isinstance(error, InputError | LabError):
            key: Hashable = str(error)
        elif isinstance(error, JudgedError | TinygateError):
            key = id(error)
        else:
            return None
        first = self._by.setdefault(key, node_id)
        return None if first == node_id else first
