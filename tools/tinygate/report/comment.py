"""report/summary.md: what a pull request is told: verdict first, what changed, table, why; no longer than a comment is.

It lays out the same facts as the page (`tinygate.report.page`), without pictures.
"""

from __future__ import annotations

from collections.abc import Iterator

from tinygate.report import render, sanitize, table
from tinygate.report.changes import Comparison
from tinygate.report.facts import Facts
from tinygate.report.problems import Problem
from tinygate.report.sanitize import markdown

MOST_CHARACTERS = 65_536
"""What GitHub takes as a comment."""

_ROOM = 500  # for the sentence that counts what was left out


def to_comment(facts: Facts, report: str) -> str:
    """Return the comment in Markdown, less than MOST_CHARACTERS long; what does not fit is counted.

    Args:
        facts: what was decided.
        report: where the whole report stands, named at the end.
    """
    summary = facts.summary
    head = [f"## tinygate: {facts.verdict}: {markdown(facts.headline)}", *_job(facts), facts.standing]
    for comparison in facts.comparisons:
        head += _comparison(comparison)
    head.append("### Every variant")
    head += render.grid(table.header(summary), [table.cells(row, summary) for row in summary.shown_rows])
    problems = [_problem(problem) for problem in facts.problems]
    problems += [f"* {markdown(text)}" for text in facts.notices]
    notes = [f"* {markdown(note)}" for note in table.notes(summary)]
    tail = f"Device columns: {markdown(summary.device_place)}. Every finding: {markdown(report)}"
    room = MOST_CHARACTERS - _ROOM - len(tail)
    blocks, cut = _fitting([*head, *problems], room)
    room -= sum(len(block) + 2 for block in blocks)
    folded, cut_notes = _fitting(notes, room)
    if cut + cut_notes:
        blocks.append(f"{cut + cut_notes} more lines are in the report.")
    if folded:
        blocks += ["<details><summary>Notes on the table</summary>", *folded, "</details>"]
    return render.join([*blocks, tail])


def _job(facts: Facts) -> Iterator[str]:
    if facts.problems:
        advice = facts.problems[0].advice
        yield f"**Whose job:** {advice.who}. **First step:** {sanitize.plain(advice.first_step)}"


def _comparison(comparison: Comparison) -> Iterator[str]:
    yield f"### {comparison.title}"
    yield markdown(comparison.about)
    if comparison.changes:
        rows = [(c.subject, c.what, c.before, c.now, f"{c.change} {c.direction}".strip()) for c in comparison.changes]
        yield from render.grid(("variant", "what", "base", "now", "change"), rows)


def _problem(problem: Problem) -> str:
    others = f" Also: {', '.join(problem.subjects[1:])}." if len(problem.subjects) > 1 else ""
    where = f" ({problem.file})" if problem.file else ""
    told = f"* {problem.verdict}: {problem.subjects[0]}: {problem.claim}{where}. {problem.why}{others}"
    job = f"{problem.advice.who}: {problem.advice.first_step}"
    return f"* {markdown(told.removeprefix('* '))} Whose job: {sanitize.plain(job)}"


def _fitting(blocks: list[str], room: int) -> tuple[list[str], int]:
    """Return as many blocks as have room, and how many have none."""
    kept: list[str] = []
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            break
        kept.append(block)
    return kept, len(blocks) - len(kept)
