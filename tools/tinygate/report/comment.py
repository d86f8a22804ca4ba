"""report/summary.md: what a pull request is told: verdict first, table, why; no longer than a comment may be."""

from __future__ import annotations

from tinygate.report import render, sanitize, table
from tinygate.report.summary import Summary

MOST_CHARACTERS = 65_536
"""What GitHub takes as a comment."""

_ROOM = 500  # for the sentence that counts what was left out


def to_comment(summary: Summary, report: str) -> str:
    """Return the comment in Markdown, less than MOST_CHARACTERS long; what does not fit is counted.

    Args:
        summary: what was decided.
        report: where the whole report stands, named at the end.
    """
    rows = [table.cells(row, summary) for row in summary.shown_rows]
    head = [f"## tinygate: {summary.verdict}", *render.grid(table.header(summary), rows)]
    problems = [f"* {sanitize.markdown(text)}" for text in (*summary.problems, *summary.notices)]
    notes = [f"* {sanitize.markdown(note)}" for note in table.notes(summary)]
    tail = f"Device columns: {sanitize.markdown(summary.device_place)}. Every finding: {sanitize.markdown(report)}"
    room = MOST_CHARACTERS - _ROOM - len(tail)
    blocks, cut = _fitting([*head, *problems], room)
    room -= sum(len(block) + 2 for block in blocks)
    folded, cut_notes = _fitting(notes, room)
    if cut + cut_notes:
        blocks.append(f"{cut + cut_notes} more lines are in the report.")
    if folded:
        blocks += ["<details><summary>Notes on the table</summary>", *folded, "</details>"]
    return render.join([*blocks, tail])


def _fitting(blocks: list[str], room: int) -> tuple[list[str], int]:
    """Return as many blocks as have room, and how many have none."""
    kept: list[str] = []
    for block in blocks:
        room -= len(block) + 2
        if room < 0:
            break
        kept.append(block)
    return kept, len(blocks) - len(kept)
