"""From a journal to what a reader wants first: one row per variant, with the verdict and what it rests on.

No verdict but PASS stands without a sentence that says why, and a check that was not answered is never taken for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from tinygate.figures import METRICS
from tinygate.places import HOST
from tinygate.store.journal import Header, Journal, TestOutcome
from tinygate.verdict import Finding, Verdict, worst

_NAMED = 4  # checks that a sentence names before it counts the rest
_SEVERITY = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE)
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Expected:
    """A check that must be answered.

    Attributes:
        check: the test function's name.
        case: what it is asked of, "gesture-ptq_int8".
        model, variant: whose verdict it is part of; variant is empty for a check of the whole model.
        place: where it must be answered.
    """

    check: str
    case: str
    model: str
    variant: str
    place: str = HOST

    @property
    def text(self) -> str:
        """The check in words: "the arena used is within its budget"."""
        return self.check.removeprefix("test_").replace("_", " ")


@dataclass(frozen=True)
class Row:
    """One variant of one model, or the model as a whole: its findings and tests, and the verdict over them.

    Attributes:
        place: whose figures stand in the device columns; where several places were judged, each has its row.
        missing: checks that nobody answered.
        is_variant: whether it is a row of the table whatever its verdict.
        stand_ins: files whose tests or fixtures answered in place of the package's own.
    """

    model: str
    variant: str
    findings: tuple[Finding, ...]
    tests: tuple[TestOutcome, ...]
    missing: tuple[Expected, ...]
    is_variant: bool
    place: str = ""
    stand_ins: tuple[str, ...] = ()

    @cached_property
    def contradictions(self) -> tuple[tuple[Finding, Finding], ...]:
        """Pairs of findings in which one test says two things of one figure."""
        first: dict[tuple[str, str, str, str], Finding] = {}
        keyed = [((f.node_id.rpartition("::")[2], f.place, f.check, f.figure), f) for f in self.findings if f.node_id]
        pairs = [(first.setdefault(key, finding), finding) for key, finding in keyed]
        return tuple((one, other) for one, other in pairs if one.value != other.value)

    @property
    def verdict(self) -> Verdict:
        """The worst of all findings and tests; with evidence missing or contradictory at best INCONCLUSIVE."""
        verdicts = [finding.verdict for finding in self.findings] + [test.verdict for test in self.tests]
        judged = [Verdict.PASS, *(verdict for verdict in verdicts if verdict is not None)]
        return worst([*judged, Verdict.INCONCLUSIVE] if self.missing or self.contradictions else judged)

    @property
    def is_limited(self) -> bool:
        """Whether model.toml demanded anything of it: a budget, a rule or a margin."""
        return any(f.limit and f.check in ("budget", "rule", "margin") for f in self.findings)

    def find(self, figure: str, place: str) -> Finding | None:
        """Return the last finding about a figure at a place, None if there is none."""
        matching = [finding for finding in self.findings if (finding.figure, finding.place) == (figure, place)]
        return matching[-1] if matching else None

    def find_metric(self, place: str) -> Finding | None:
        """Return the finding about the model's metric at a place; agreement stands in where there is no other."""
        found = [f for f in self.findings if f.figure in METRICS and f.place == place]
        found.sort(key=lambda finding: (finding.value is None, finding.figure == "agreement_percent"))
        return found[0] if found else None


@dataclass(frozen=True)
class Complaint:
    """One sentence that says why a run is not green, and what it is about; None for the run as a whole."""

    sentence: str
    source: Finding | TestOutcome | Row | None

    @property
    def verdict(self) -> Verdict:
        """The verdict that the sentence begins with."""
        return Verdict(self.sentence.split(":", 1)[0])


@dataclass(frozen=True)
class Summary:
    """All that a gate run decided."""

    rows: tuple[Row, ...]
    tests: tuple[TestOutcome, ...]
    notices: tuple[str, ...]
    places: tuple[str, ...]
    header: Header | None = None

    @property
    def device_place(self) -> str:
        """The places of the device columns, in words."""
        return " and ".join(self.places)

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        """The rows of the table: every variant, and findings about a whole model only when there is something wrong."""
        return tuple(row for row in self.rows if row.is_variant or row.verdict is not Verdict.PASS)

    @property
    def verdict(self) -> Verdict:
        """FAIL > ERROR > INCONCLUSIVE > PASS over every variant and every test; without a variant, INCONCLUSIVE."""
        tests = [test.verdict for test in self.tests if test.verdict is not None]
        nothing = [] if any(row.is_variant for row in self.rows) else [Verdict.INCONCLUSIVE]
        return worst([*(row.verdict for row in self.rows), *tests, *nothing])

    @cached_property
    def complaints(self) -> tuple[Complaint, ...]:
        """Why the verdict is not PASS, worst first; what a finding says a test does not repeat."""
        findings = [f for row in self.rows for f in row.findings if f.verdict not in (None, Verdict.PASS)]
        tests = [t for t in _untold(self.tests, findings) if t.verdict not in (None, Verdict.PASS)]
        found = [Complaint(f.sentence(), f) for f in findings]
        found += [Complaint(f"{t.verdict}: {t.node_id}: {t.message}", t) for t in tests]
        found += [Complaint(_missing_sentence(row), row) for row in self.rows if row.missing]
        found += [Complaint(_contradiction(*pair), row) for row in self.rows for pair in row.contradictions]
        if not any(row.is_variant for row in self.rows):
            sentence = f"{Verdict.INCONCLUSIVE}: no variant was judged; declare [variants] in a model.toml."
            found.append(Complaint(sentence, None))
        once: dict[str, Complaint] = {}
        for complaint in found:
            once.setdefault(complaint.sentence, complaint)
        return tuple(sorted(once.values(), key=lambda complaint: _SEVERITY.index(complaint.verdict)))

    @property
    def problems(self) -> tuple[str, ...]:
        """The complaints, one sentence each."""
        return tuple(complaint.sentence for complaint in self.complaints)


def _missing_sentence(row: Row) -> str:
    names = list(dict.fromkeys(expected.text for expected in row.missing))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    who = f"{row.model} {row.variant}".strip() + (f" on {row.place}" if row.place else "")
    why = "They were deselected, skipped or removed, or the run ended before them"
    if row.stand_ins:
        why = f"In their place answered {', '.join(row.stand_ins)}: not tinygate's own tests and fixtures"
    return (
        f"{Verdict.INCONCLUSIVE}: {who}: not answered: {'; '.join(names[:_NAMED])}{more} ({len(row.missing)} tests). "
        f"{why}; run the gate without that."
    )


def _contradiction(one: Finding, other: Finding) -> str:
    return (
        f"{Verdict.INCONCLUSIVE}: {one.model} {one.variant} on {one.place}: {one.figure} = {one.value}, and "
        f"{other.value} when {other.node_id} was run again; what gives two answers decides nothing. Run the gate "
        "without what repeats tests, and look for what changes the figure."
    )


def _untold(tests: Iterable[TestOutcome], findings: Sequence[Finding]) -> list[TestOutcome]:
    """Return the tests of which no finding tells: none of their own session's, nor of the host's."""
    told = {(finding.node_id, place) for finding in findings for place in (finding.place, "")}  # no place is any
    return [test for test in tests if told.isdisjoint({(test.node_id, test.place), (test.node_id, HOST)})]


def summarize(
    journal: Journal, expected: Sequence[Expected], places: Sequence[str], notices: Sequence[str] = ()
) -> Summary:
    """Group a journal by variant, and by place where there are several.

    Args:
        journal: what was decided.
        expected: the checks that must have been answered.
        places: whose figures stand in the device columns.
        notices: what else a reader must know.
    """
    unanswered = _unanswered(journal, expected)
    variants = {(wanted.model, wanted.variant) for wanted in expected if wanted.variant}
    named = [(wanted.model, wanted.variant) for wanted in expected if wanted.variant]
    named += [(finding.model, finding.variant) for finding in journal.findings]
    names = dict.fromkeys([*named, *((gap.model, gap.variant) for gap in unanswered)])
    on_boards = {(wanted.model, wanted.variant) for wanted in expected if wanted.place != HOST}
    findings, gaps = _grouped(journal.findings, _name_of), _grouped(unanswered, _name_of)
    tests, stand_ins = _grouped(journal.tests, lambda test: test.subject), [t for t in journal.tests if t.stand_in]
    rows = tuple(
        _row(name, place, findings[name], tests["-".join(name)], gaps[name], stand_ins, is_variant=name in variants)
        for name in names
        for place in (places if len(places) > 1 and name in on_boards & variants else ("",))
    )
    return Summary(rows, journal.tests, (*journal.notices, *notices, *_flakes(rows)), tuple(places), journal.header)


def _grouped(items: Iterable[_Item], key: Callable[[_Item], Hashable]) -> defaultdict[Hashable, list[_Item]]:
    groups: defaultdict[Hashable, list[_Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _name_of(one: Finding | Expected) -> tuple[str, str]:
    return one.model, one.variant


def _row(
    name: tuple[str, str],
    place: str,
    findings: Sequence[Finding],
    tests: Sequence[TestOutcome],
    gaps: Sequence[Expected],
    stand_ins: Sequence[TestOutcome],
    is_variant: bool,
) -> Row:
    """Return a variant's row: of everything of it, or with a place, of what is the host's or this place's."""
    at = {"", HOST, place}
    found = tuple(f for f in findings if not place or f.place in at)
    ran = tuple(t for t in tests if not place or t.place in at)
    missing = tuple(g for g in gaps if not place or g.place in at)
    return Row(*name, found, ran, missing, is_variant, place, _files_of(stand_ins, missing))


def _flakes(rows: Sequence[Row]) -> list[str]:
    """Return a sentence for each variant that was measured only after attempts that failed."""
    told = []
    for row in rows:
        failed = [finding for finding in row.findings if finding.check == "attempt"]
        if failed and not any(finding.check == "run" for finding in row.findings):
            again = f"passed after {len(failed)} failed attempt{'s' if len(failed) > 1 else ''}"
            told.append(f"flake: {row.model} {row.variant} on {failed[0].place} {again}: {failed[-1].reason}")
    return told


def _unanswered(journal: Journal, expected: Sequence[Expected]) -> list[Expected]:
    """Return the checks that no test of the suites answered: by judging something, failing, or being excused.

    A check on a board is answered by a session at its place alone.
    """
    answered = {
        (test.check, test.case, place)
        for test in journal.tests
        if not test.stand_in and test.is_answered
        for place in (HOST, test.place)
    }
    return [wanted for wanted in expected if (wanted.check, wanted.case, wanted.place) not in answered]


def _files_of(stand_ins: Sequence[TestOutcome], missing: Sequence[Expected]) -> tuple[str, ...]:
    wanted = {(gap.check, gap.case) for gap in missing}
    return tuple(dict.fromkeys(test.stand_in for test in stand_ins if (test.check, test.case) in wanted))
