"""quarantine.toml: checks that run, are shown and do not gate for a while; each with a reason, an issue and an end.

    [[quarantine]]
    model = "gesture"
    variant = "ptq_int8"                     # leave out for all variants
    check = "test_latency_is_within_its_budget"
    place = "a chip, or a chip-virtual"       # leave out for all places
    reason = "the bench's supply drops under load"
    issue = "https://example.org/issues/12"
    expires = 2027-01-31

The file stands beside pytest.ini and is reviewed like code. An entry whose day has passed is red.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tinygate.errors import ConfigError
from tinygate.gate.checks import CHECKS
from tinygate.model.complaints import explain
from tinygate.places import HOST
from tinygate.report.summary import Expected
from tinygate.store.journal import Journal, TestOutcome
from tinygate.verdict import Finding, Verdict

NAME = "quarantine.toml"
_CHECKS = frozenset(check.name for check in CHECKS)
_Asked = tuple[str, str]
"""A test's node id, and the place of its session's board; empty on the host."""


class Entry(BaseModel):
    """One check that does not gate.

    Attributes:
        model, variant: whose; no variant means all of them.
        check: the test function's name.
        place: where it is judged, the host or a board's place; none means everywhere.
        reason, issue: why, and where that is being mended.
        expires: the last day on which it does not gate.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    model: str = Field(min_length=1)
    variant: str = ""
    check: str
    place: str = ""
    reason: str = Field(min_length=1)
    issue: str = Field(min_length=1)
    expires: datetime.date

    @property
    def title(self) -> str:
        """What it is about, in words."""
        where = f" at {self.place}" if self.place else ""
        return f"{self.check} of {self.model} {self.variant or '(all variants)'}{where}"

    def covers(self, check: Expected) -> bool:
        """Whether it is about a check of a run."""
        wanted = (self.model, self.variant or check.variant, self.check, self.place or check.place)
        return wanted == (check.model, check.variant, check.check, check.place)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    quarantine: tuple[Entry, ...] = ()


def load_quarantine(root: Path) -> tuple[Entry, ...]:
    """Return the entries of a project's quarantine.toml; none where there is no such file.

    Raises:
        ConfigError: it cannot be read, lacks a key, or names a check that there is not.
    """
    path = root / NAME
    if not path.exists():
        return ()
    try:
        found = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).quarantine
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be used: {error}") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, lambda _: tuple(Entry.model_fields))}") from error
    for entry in found:
        if entry.check not in _CHECKS:
            raise ConfigError(f"{path}: check = {entry.check!r}: no such check; it is a test function's name")
    return found


def apply(
    journal: Journal, entries: Sequence[Entry], expected: Sequence[Expected], today: datetime.date
) -> tuple[Journal, list[str]]:
    """Take the verdicts of quarantined checks out of a journal.

    A failure that kept other tests from running is not the check's own, and gates.

    Args:
        journal: of a run.
        entries: of quarantine.toml.
        expected: the checks of the run, and whose each is.
        today: in UTC.

    Returns:
        The journal as it gates, and what a reader must be told.
    """
    in_force = [entry for entry in entries if today <= entry.expires]
    whose = {(c.check, c.case, c.place): entry for c in expected for entry in in_force if entry.covers(c)}
    named = {_asked(test): whose.get((test.check, test.case, test.place or HOST)) for test in journal.tests}
    tellers = {(test.told_by, test.place) for test in journal.tests if test.told_by}
    silenced = {asked: entry for asked, entry in named.items() if entry is not None and asked not in tellers}
    tests = tuple(_freed(test) if _asked(test) in silenced else test for test in journal.tests)
    findings = tuple(_shown(f, silenced.get(_found(f))) for f in journal.findings)
    more = [_expired(entry) for entry in entries if entry not in in_force]
    more += _with_nothing_left(tests, {test.subject for test in journal.tests if _asked(test) in silenced})
    return replace(journal, tests=(*tests, *more), findings=findings), list(_told(journal, silenced, in_force))


def _asked(test: TestOutcome) -> _Asked:
    return test.node_id, test.place


def _found(finding: Finding) -> _Asked:
    return finding.node_id, "" if finding.place == HOST else finding.place


def _freed(test: TestOutcome) -> TestOutcome:
    """Return a test that has been answered and does not gate; one that was not answered stays so."""
    return replace(test, verdict=None, excused=True) if test.is_answered else test


def _shown(finding: Finding, entry: Entry | None) -> Finding:
    if entry is None:
        return finding
    if finding.verdict in (None, Verdict.PASS):
        return replace(finding, verdict=None)
    return replace(finding, verdict=None, reason=f"{finding.verdict}, in quarantine ({entry.issue}): {finding.reason}")


def _told(journal: Journal, silenced: dict[_Asked, Entry], in_force: Sequence[Entry]) -> Iterator[str]:
    for entry in in_force:
        tests = [test for test in journal.tests if silenced.get(_asked(test)) == entry]
        failed = [test for test in tests if test.verdict not in (None, Verdict.PASS)]
        outcome = f"{failed[0].verdict}: {failed[0].message}" if failed else "it passes" if tests else "it did not run"
        yield f"quarantine: {entry.title}, until {entry.expires}: {entry.reason} ({entry.issue}). Now: {outcome}"


def _expired(entry: Entry) -> TestOutcome:
    why = f"{entry.title}: the quarantine ended on {entry.expires}: mend it ({entry.issue}), or renew it by review"
    return TestOutcome(NAME, "", "", "", Verdict.FAIL, why, 0, False, 0.0)


def _with_nothing_left(tests: Sequence[TestOutcome], subjects: set[str]) -> list[TestOutcome]:
    """Return INCONCLUSIVE for each variant of which nothing gates."""
    gating = {test.subject for test in tests if test.verdict is not None}
    why = "everything that was judged of it is in quarantine: nothing is known that could pass"
    return [
        TestOutcome(f"{NAME}: {subject or 'models'}", "", "", subject, Verdict.INCONCLUSIVE, why, 0, False, 0.0)
        for subject in sorted(subjects - gating)
    ]
