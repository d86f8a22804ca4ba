"""Why a run is not green, for people: what is wrong with what, why, whose job it is, and the first step.

One cause that several variants suffer from is one problem with several subjects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tinygate.figures import FIGURES
from tinygate.report.advice import MISSING, UNMEASURED, Advice, advice_on
from tinygate.report.summary import Complaint, Row, Summary
from tinygate.report.words import claim, name_of, subject_of
from tinygate.store.journal import TestOutcome
from tinygate.verdict import Finding, Verdict


@dataclass(frozen=True)
class Problem:
    """One cause, and what it keeps from being green.

    Attributes:
        claim: what is wrong, a clause.
        why: what the gate knows of it, sentences.
        subjects: whom it is true of: "gesture ptq_int8 on host"; the first one is told in `claim` and `why`.
        file: to look at or to change; "" if there is none.
        console: the last lines of the board, where it is one that failed.
        finding: what was found, where a finding tells it.
        sentences: how the terminal and verdict.json say it, one for each subject.
    """

    verdict: Verdict
    claim: str
    why: str
    advice: Advice
    subjects: tuple[str, ...]
    file: str = ""
    console: tuple[str, ...] = ()
    finding: Finding | None = None
    sentences: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """The problem in one line."""
        more = len(self.subjects) - 1
        return f"{self.subjects[0]}{f' and {more} more' if more else ''}: {self.claim}"


def problems_of(summary: Summary) -> tuple[Problem, ...]:
    """Return every problem of a run, worst first."""
    grouped: dict[tuple[str, ...], Problem] = {}
    for problem, key in map(_problem_of, summary.complaints):
        known = grouped.get(key)
        grouped[key] = problem if known is None else _joined(known, problem)
    return tuple(grouped.values())


def _joined(known: Problem, other: Problem) -> Problem:
    subjects = tuple(dict.fromkeys((*known.subjects, *other.subjects)))
    return replace(known, subjects=subjects, sentences=(*known.sentences, *other.sentences))


def _problem_of(complaint: Complaint) -> tuple[Problem, tuple[str, ...]]:
    """Return a complaint as a problem, and what two complaints of one cause have in common."""
    source, verdict = complaint.source, complaint.verdict
    if isinstance(source, Finding):
        return _of_finding(source, verdict, complaint.sentence)
    if isinstance(source, TestOutcome):
        whom = source.subject.replace("-", " ", 1) or source.node_id
        problem = Problem(
            verdict, _first_line(source.message), source.node_id, advice_on(verdict, source.node_id), (whom,)
        )
    elif isinstance(source, Row):
        names = [expected.text for expected in source.missing]
        what = f"{len(names)} checks were" if len(names) > 1 else f"“{names[0]}” was"
        whom = f"{source.model} {source.variant}".strip() + (f" on {source.place}" if source.place else "")
        why = complaint.sentence.partition(": ")[2]
        problem = Problem(verdict, f"{what} not answered", why, advice_on(verdict, MISSING), (whom,))
        return replace(problem, sentences=(complaint.sentence,)), (MISSING,)
    else:
        said = complaint.sentence.partition(": ")[2]
        problem = Problem(verdict, said, "", advice_on(verdict, MISSING), ("this run",))
    return replace(problem, sentences=(complaint.sentence,)), (complaint.sentence,)


def _of_finding(finding: Finding, verdict: Verdict, sentence: str) -> tuple[Problem, tuple[str, ...]]:
    kind = UNMEASURED if finding.check == "budget" and finding.value is None else finding.check
    why = f"{finding.reason} {finding.note}".strip()
    console = tuple(finding.detail.get("console", ()))
    subjects = (subject_of(finding),)
    advice = advice_on(verdict, kind)
    problem = Problem(verdict, claim(finding), why, advice, subjects, finding.file, console, finding, (sentence,))
    same = (verdict, finding.check, problem.claim) if finding.check in ("run", "build") else (sentence,)
    return problem, same


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "it failed and said nothing")


def headline_of(summary: Summary, problems: Iterable[Problem]) -> str:
    """Return the whole run in one line for a human, without its verdict."""
    told = list(problems)
    if told:
        more = f"; {len(told) - 1} more problem{'s' if len(told) > 2 else ''}" if len(told) > 1 else ""
        return told[0].headline + more
    variants = [row for row in summary.rows if row.is_variant]
    models = {row.model for row in variants}
    count = f"all {len(variants)} variants" if len(variants) > 1 else "the only variant"
    whose = f"{len(models)} models" if len(models) > 1 else next(iter(models), "no model")
    keep = "keep" if len(variants) > 1 else "keeps"
    return f"{count} of {whose} {keep} all that is demanded on the host and on {summary.device_place}"


def unmeasured_of(summary: Summary) -> str:
    """Return which figures nobody measured of any variant, a sentence; empty where there is none."""
    findings = [f for row in summary.rows for f in row.findings if f.check == "budget" and f.figure in FIGURES]
    known = {finding.figure for finding in findings if finding.value is not None}
    missing = [name_of(figure) for name, figure in FIGURES.items() if name in {f.figure for f in findings} - known]
    return f"Not measured on {summary.device_place}: {', '.join(missing)}." if missing else ""


def standing_of(summary: Summary) -> str:
    """Return how many variants came out how: "1 of 12 variants failed, 11 passed"."""
    verdicts = [row.verdict for row in summary.rows if row.is_variant]
    said = {
        Verdict.FAIL: "failed",
        Verdict.ERROR: "could not be judged",
        Verdict.INCONCLUSIVE: "undecided",
        Verdict.PASS: "passed",
    }
    counted = [f"{verdicts.count(verdict)} {word}" for verdict, word in said.items() if verdict in verdicts]
    if not verdicts:
        return "No variant was judged."
    return f"Of {len(verdicts)} variant{'s' if len(verdicts) > 1 else ''}: {', '.join(counted)}."
