"""A summary as a table on the terminal and as report.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tinygate.report import sanitize, table
from tinygate.report.application import extras_of
from tinygate.report.extra import Extra
from tinygate.report.facts import Facts
from tinygate.report.summary import Summary
from tinygate.verdict import Finding, Verdict

_STYLE = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.ERROR: "bold magenta"}


def to_terminal(facts: Facts, console: Console) -> None:
    """Print the table, what must be known to read it, every problem, and the verdict."""
    summary = facts.summary
    grid = Table(title=f"Device columns: {summary.device_place}", title_justify="left")
    for position, title in enumerate(table.header(summary)):
        is_name = position < len(table.name_titles(summary))
        grid.add_column(title, justify="left" if is_name else "right", overflow="fold", no_wrap=is_name)
    for row in summary.shown_rows:
        cells = table.cells(row, summary)
        grid.add_row(*(Text(sanitize.plain(cell)) for cell in cells[:-1]), _styled(row.verdict))
    console.print(grid)
    for extra in extras_of(summary):
        _print_extra(extra, console)
    for note in table.notes(summary):
        console.print(Text(f"  {sanitize.plain(note)}", style="dim"))
    for problem in (*summary.problems, *summary.notices):
        console.print(Text(sanitize.plain(problem)), soft_wrap=True)
    for comparison in facts.comparisons:
        count = len(comparison.changes)
        told = f" {count} verdicts and figures differ; see the report." if count else ""
        console.print(Text(sanitize.plain(f"{comparison.title}: {comparison.about}{told}")), soft_wrap=True)
    console.print(Text("verdict: "), _styled(summary.verdict), sep="", end="\n")


def _print_extra(extra: Extra, console: Console) -> None:
    grid = Table(title=extra.title, title_justify="left")
    for position, title in enumerate(extra.titles):
        grid.add_column(title, justify="left" if position < extra.names else "right", overflow="fold")
    for cells in extra.rows:
        grid.add_row(*(Text(sanitize.plain(cell)) for cell in cells))
    console.print(grid)
    if extra.note:
        console.print(Text(f"  {extra.note}", style="dim"))


def _styled(verdict: Verdict) -> Text:
    return Text(str(verdict), style=_STYLE.get(verdict, "bold yellow"))


def to_markdown(facts: Facts) -> str:
    """Return report.md: verdict, table, problems, every finding, and facts about the run (versions, commit, …)."""
    summary = facts.summary
    rows = [table.cells(row, summary) for row in summary.shown_rows]
    problems = [f"* {sanitize.markdown(text)}" for text in (*summary.problems, *summary.notices)]
    notes = [f"* {sanitize.markdown(note)}" for note in table.notes(summary)]
    titles = ("variant", "place", "check", "figure", "value", "demanded", "verdict", "reason", "file")
    sections = [
        f"# Gate report: {summary.verdict}",
        sanitize.markdown(f"{facts.headline}. {facts.standing}"),
        f"Device columns: {sanitize.markdown(summary.device_place)}.",
        *grid(table.header(summary), rows),
        *notes,
        *(line for extra in extras_of(summary) for line in _extra(extra)),
        "## Problems" if problems else "No check failed, erred or stayed undecided.",
        *problems,
        "## Every finding",
        "Rules of the audit and the lint that hold are counted, not listed.",
        *(block for model, rows_of in _by_model(summary).items() for block in _folded(model, titles, rows_of)),
        f"Tests run: {len(summary.tests)}, of which skipped: {sum(t.verdict is None for t in summary.tests)}.",
        "## The run",
        *(f"* {sanitize.markdown(name)}: {sanitize.markdown(value)}" for name, value in facts.run.items()),
    ]
    return join(sections)


def _extra(extra: Extra) -> Iterator[str]:
    yield f"## {extra.title}"
    yield from grid(extra.titles, extra.rows)
    if extra.note:
        yield extra.note


def _by_model(summary: Summary) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for row in summary.rows:
        found.setdefault(row.model, []).extend(row.findings)
    return found


def _folded(model: str, titles: Sequence[str], findings: Sequence[Finding]) -> Iterator[str]:
    """Yield one model's findings as a section that a reader opens."""
    listed = [finding for finding in findings if is_listed(finding)]
    yield f"<details><summary>{sanitize.markdown(model)}: {len(findings)} findings, {len(listed)} listed</summary>"
    yield from grid(titles, [finding_cells(finding) for finding in listed])
    yield "</details>"


def join(blocks: Iterable[str]) -> str:
    """Join lines so that runs of table rows and list items stay together and everything else stands apart."""
    text = ""
    previous = ""
    for block in blocks:
        together = block[:2] == previous[:2] and block[:2] in ("| ", "* ")
        text += ("\n" if together else "\n\n") + block if text else block
        previous = block
    return text + "\n"


def grid(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in Markdown, a line each."""
    lines = ["| " + " | ".join(titles) + " |", "| " + " | ".join("---" for _ in titles) + " |"]
    return lines + ["| " + " | ".join(sanitize.markdown(cell) for cell in row) + " |" for row in rows]


def is_listed(finding: Finding) -> bool:
    """Whether a report lists a finding: rules of the audit and the lint that hold are only counted."""
    return finding.check not in ("audit", "calibration") or finding.verdict is not Verdict.PASS or bool(finding.reason)


def finding_cells(finding: Finding) -> tuple[str, ...]:
    """Return a finding as cells: variant, place, check, figure, value, demanded, verdict, reason and note, file."""
    value = table.NOT_MEASURED if finding.value is None else str(finding.value)
    verdict = str(finding.verdict) if finding.verdict is not None else "recorded"
    head = (finding.variant, finding.place, finding.check, finding.figure, value, finding.limit, verdict)
    return (*head, f"{finding.reason} {finding.note}".strip(), finding.file)
