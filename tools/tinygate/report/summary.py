"""From a journal to what a reader wants first: one row per variant, with the verdict and what it rests on.

No verdict but PASS stands without a sentence that says why, and a check that was not answered is never taken for good.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tinygate.figures import METRICS
from tinygate.places import HOST
from tinygate.store.journal import Header, Journal, TestOutcome
from tinygate.verdict import Finding, Verdict, worst

_NAMED = 4  # checks that a sentence names before it counts the rest


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
    """

    model: str
    variant: str
    findings: tuple[Finding, ...]
    tests: tuple[TestOutcome, ...]
    missing: tuple[Expected, ...]
    is_variant: bool
    place: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of all findings and tests; evidence that is missing makes it at best INCONCLUSIVE."""
        verdicts = [finding.verdict for finding in self.findings] + [test.verdict for test in self.tests]
        judged = [Verdict.PASS, *(verdict for verdict in verdicts if verdict is not None)]
        return worst([*judged, Verdict.INCONCLUSIVE] if self.missing else judged)

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

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the verdict is not PASS, one sentence each, worst first; what a finding says a test does not repeat."""
        findings = [f for row in self.rows for f in row.findings if f.verdict not in (None, Verdict.PASS)]
        told = {(finding.node_id, finding.place) for finding in findings if finding.node_id}
        tests = [t for t in self.tests if t.verdict not in (None, Verdict.PASS) and not _is_told(t, told)]
        sentences = [f.sentence() for f in findings] + [f"{t.verdict}: {t.node_id}: {t.message}" for t in tests]
        sentences += [_missing_sentence(row) for row in self.rows if row.missing]
        if not any(row.is_variant for row in self.rows):
            sentences.append(f"{Verdict.INCONCLUSIVE}: no variant was judged; declare [variants] in a model.toml.")
        return tuple(sorted(dict.fromkeys(sentences), key=_severity))


def _missing_sentence(row: Row) -> str:
    names = list(dict.fromkeys(expected.text for expected in row.missing))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    who = f"{row.model} {row.variant}".strip() + (f" on {row.place}" if row.place else "")
    return (
        f"{Verdict.INCONCLUSIVE}: {who}: not answered: {'; '.join(names[:_NAMED])}{more} ({len(row.missing)} tests). "
        "They were deselected, skipped or removed, or the run ended before them; run the gate without that."
    )


def _is_told(test: TestOutcome, told: Collection[tuple[str, str]]) -> bool:
    """Whether a finding tells what a test found: one of its own session's, or of the host, or of sessions unknown."""
    return any(node == test.node_id and test.place in ("", place) for node, place in told) or (
        (test.node_id, HOST) in told
    )


def _severity(sentence: str) -> int:
    order = [Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE]
    return order.index(Verdict(sentence.split(":", 1)[0]))


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
    rows = tuple(
        _row(name, place, journal, unanswered, is_variant=name in variants)
        for name in names
        for place in (places if len(places) > 1 and name in on_boards & variants else ("",))
    )
    return Summary(rows, journal.tests, (*journal.notices, *notices, *_flakes(rows)), tuple(places), journal.header)


def _row(name: tuple[str, str], place: str, journal: Journal, unanswered: Sequence[Expected], is_variant: bool) -> Row:
    """Return a variant's row: of everything, or with a place, of what is the host's or this place's."""
    at = {"", HOST, place}
    findings = (f for f in journal.findings if (f.model, f.variant) == name and (not place or f.place in at))
    tests = (t for t in journal.tests if t.subject == "-".join(name) and (not place or t.place in at))
    gaps = (gap for gap in unanswered if (gap.model, gap.variant) == name and (not place or gap.place in at))
    return Row(*name, tuple(findings), tuple(tests), tuple(gaps), is_variant, place)


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
    """Return the checks that no test answered: by judging something, failing, or being excused from judging.

    A check on a board is answered by a session at its place alone.
    """
    answered = {
        (test.check, test.case, place)
        for test in journal.tests
        if test.excused or (test.verdict is not None and (test.judged or test.verdict is not Verdict.PASS))
        for place in (HOST, test.place)
    }
    return [wanted for wanted in expected if (wanted.check, wanted.case, wanted.place) not in answered]
