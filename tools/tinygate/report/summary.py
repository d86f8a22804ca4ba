"""From a journal to what a reader wants first: one row per variant, with the verdict and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinygate.store.journal import Journal, TestOutcome
from tinygate.verdict import Finding, Verdict, worst


@dataclass(frozen=True)
class Expected:
    """A figure without which a variant cannot pass."""

    model: str
    variant: str
    place: str
    figure: str


@dataclass(frozen=True)
class Row:
    """One variant of one model: its findings and tests, and the verdict over them."""

    model: str
    variant: str
    findings: tuple[Finding, ...]
    tests: tuple[TestOutcome, ...]
    missing: tuple[Expected, ...]
    is_expected: bool

    @property
    def verdict(self) -> Verdict:
        """The worst of all findings and tests; evidence that is missing makes it at best INCONCLUSIVE."""
        verdicts = [finding.verdict for finding in self.findings] + [test.verdict for test in self.tests]
        judged = [verdict for verdict in verdicts if verdict is not None]
        return worst([*judged, Verdict.INCONCLUSIVE] if self.missing else judged)

    def find(self, figure: str, place: str) -> Finding | None:
        """Return the last finding about a figure at a place, None if there is none."""
        matching = [finding for finding in self.findings if (finding.figure, finding.place) == (figure, place)]
        return matching[-1] if matching else None


@dataclass(frozen=True)
class Summary:
    """All that a gate run decided."""

    rows: tuple[Row, ...]
    tests: tuple[TestOutcome, ...]
    notices: tuple[str, ...]
    device_place: str

    @property
    def shown_rows(self) -> tuple[Row, ...]:
        """The rows of the table: every variant, and findings about a whole model only when there is something wrong."""
        return tuple(row for row in self.rows if row.is_expected or row.verdict is not Verdict.PASS)

    @property
    def verdict(self) -> Verdict:
        """FAIL > ERROR > INCONCLUSIVE > PASS over every variant and every test."""
        tests = [test.verdict for test in self.tests if test.verdict is not None]
        return worst([*(row.verdict for row in self.rows), *tests])

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the verdict is not PASS, one sentence each, worst first; a test's own sentence is not repeated."""
        findings = [f for row in self.rows for f in row.findings if f.verdict not in (None, Verdict.PASS)]
        said = {finding.sentence() for finding in findings}
        tests = [t for t in self.tests if t.verdict not in (None, Verdict.PASS) and t.message not in said]
        missing = [
            f"{Verdict.INCONCLUSIVE}: {row.model} {row.variant}: no test reported "
            + ", ".join(f"{gap.figure} ({gap.place})" for gap in row.missing)
            for row in self.rows
            if row.missing
        ]
        sentences = sorted(said) + [f"{t.verdict}: {t.node_id}: {t.message}" for t in tests] + missing
        return tuple(sorted(sentences, key=_severity))


def _severity(sentence: str) -> int:
    order = [Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE]
    return order.index(Verdict(sentence.split(":", 1)[0]))


def summarize(journal: Journal, expected: Sequence[Expected], device_place: str) -> Summary:
    """Group a journal by variant.

    Args:
        journal: what was decided.
        expected: the figures that must have been reported; what is missing is never taken for good.
        device_place: the place whose figures stand in the device columns.
    """
    names = dict.fromkeys([(e.model, e.variant) for e in expected] + [(f.model, f.variant) for f in journal.findings])
    reported = {(f.model, f.variant, f.place, f.figure) for f in journal.findings}
    gaps = [e for e in expected if (e.model, e.variant, e.place, e.figure) not in reported]
    rows = tuple(
        Row(
            model,
            variant,
            tuple(f for f in journal.findings if (f.model, f.variant) == (model, variant)),
            tuple(t for t in journal.tests if t.subject == f"{model}-{variant}"),
            tuple(gap for gap in gaps if (gap.model, gap.variant) == (model, variant)),
            is_expected=(model, variant) in {(e.model, e.variant) for e in expected},
        )
        for model, variant in names
    )
    return Summary(rows, journal.tests, journal.notices, device_place)
