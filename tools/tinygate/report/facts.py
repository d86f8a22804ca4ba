"""Everything that a reader is told of a run: one set of facts, which page, comment and report.md only lay out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinygate.report.changes import Comparison, against_baseline
from tinygate.report.problems import Problem, headline_of, problems_of, standing_of, unmeasured_of
from tinygate.report.summary import Summary
from tinygate.verdict import Verdict


@dataclass(frozen=True)
class Facts:
    """What is told, verdict first.

    Attributes:
        headline: the run in one line for a human.
        standing: how many variants came out how, and what nobody measured.
        problems: why it is not green, worst first.
        comparisons: this run against others, as far as there are any.
        summary: the table and everything below it.
    """

    headline: str
    standing: str
    problems: tuple[Problem, ...]
    comparisons: tuple[Comparison, ...]
    summary: Summary

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.summary.verdict

    @property
    def notices(self) -> tuple[str, ...]:
        """What must be known besides: flakes, what was left out."""
        return self.summary.notices

    @property
    def run(self) -> dict[str, str]:
        """The run by name: id, start, versions, commit."""
        header = self.summary.header
        return {"run": header.run_id, "started": header.started, **header.versions} if header else {}


def facts_of(summary: Summary, comparisons: Sequence[Comparison] = ()) -> Facts:
    """Return what a reader is told of a summary."""
    problems = problems_of(summary)
    headline = headline_of(summary, problems)
    baseline = against_baseline(finding for row in summary.rows for finding in row.findings)
    found = (*comparisons, *([baseline] if baseline else []))
    standing = f"{standing_of(summary)} {unmeasured_of(summary)}".strip()
    return Facts(headline, standing, problems, found, summary)
