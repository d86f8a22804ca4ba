"""report/index.html: one file that a person opens; verdict first, then what to do, pictures and evidence.

No script, no request: style and pictures stand in the file, and its content policy forbids anything else. All text
goes through `sanitize.plain` and Jinja's escaping, so that what a device printed stays text.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from tinygate.report import charts, sanitize, table
from tinygate.report.advice import MEANING
from tinygate.report.application import extras_of
from tinygate.report.facts import Facts
from tinygate.report.render import finding_cells, is_listed
from tinygate.report.summary import Row, Summary
from tinygate.verdict import Verdict

MOST_BYTES = 1_000_000
_MOST, _FEW = 300, 20
_LEVELS: tuple[tuple[int, Callable[[Row], bool]], ...] = (
    (_MOST, lambda row: True),
    (_MOST, lambda row: row.verdict is not Verdict.PASS),
    (_FEW, lambda row: False),
)
"""How many rows, problems, changes and models a page lists, and whose evidence it shows: as much as fits."""

FINDING_TITLES = ("place", "check", "figure", "value", "demanded", "verdict", "reason")


@dataclass(frozen=True)
class Section:
    """One model: what its variants are compared by, and the evidence of those that are shown in full."""

    model: str
    charts: list[charts.Chart]
    rows: list[Evidence]


@dataclass(frozen=True)
class Evidence:
    """One variant: pictures, findings, and what the board printed."""

    row: Row
    drawn: list[Any]
    findings: list[tuple[str, ...]]
    console: tuple[str, ...]
    file: str
    hidden: int

    @property
    def name(self) -> str:
        """The variant's name, or what stands for the model as a whole."""
        place = f" on {self.row.place}" if self.row.place else ""
        return (self.row.variant or "all variants") + place


def to_html(facts: Facts, run_folder: str = "") -> bytes:
    """Return the page in UTF-8, at most MOST_BYTES long: where there is too much, green variants lose their evidence.

    Args:
        facts: what was decided.
        run_folder: where the run's evidence lies, relative to the page; "" for no link.
    """
    page = b""
    for most, shows in _LEVELS:
        sections = _sections(facts.summary, most, shows)
        shown = _named(facts, most) | {"sections": sections[:most], "run_folder": run_folder}
        page = _environment().get_template("page.html.jinja").render(shown).encode()
        if len(page) <= MOST_BYTES:
            break
    return page


def no_verdict(paragraph: str) -> bytes:
    """Return the page of a run that has none: under way, killed, or ended by what the paragraph says."""
    return _environment().get_template("none.html.jinja").render(paragraph=paragraph).encode()


def _named(facts: Facts, most: int) -> dict[str, Any]:
    summary = facts.summary
    ordered = sorted(summary.shown_rows, key=_is_green)
    lists = (facts.problems, ordered, *(comparison.changes for comparison in facts.comparisons))
    return {
        "facts": facts,
        "most": most,
        "left_out": sum(max(0, len(listed) - most) for listed in lists),
        "picture": charts.of_finding(facts.problems[0].finding) if facts.problems else None,
        "meaning": MEANING[facts.verdict],
        "problems": facts.problems,
        "header": table.header(summary),
        "names": len(table.name_titles(summary)),
        "rows": [(row, table.cells(row, summary)) for row in ordered[:most]],
        "notes": table.notes(summary)[:most],
        "extras": extras_of(summary),
        "place": summary.device_place,
        "titles": FINDING_TITLES,
        "tests": len(summary.tests),
        "skipped": sum(test.verdict is None for test in summary.tests),
    }


def _is_green(row: Row) -> bool:
    """Sorts what is wrong before what is not, and leaves the order as it is otherwise."""
    return row.verdict is Verdict.PASS


def _sections(summary: Summary, most: int, shows: Callable[[Row], bool]) -> list[Section]:
    models = _by_model(sorted(summary.rows, key=_is_green))
    drawn = {
        model: charts.of_places([row for row in rows if row.is_variant][:most], summary.places)
        for model, rows in _by_model(summary.rows).items()
    }
    return [Section(model, drawn[model], [_evidence(r) for r in rows if shows(r)]) for model, rows in models.items()]


def _by_model(rows: Iterable[Row]) -> dict[str, list[Row]]:
    models: dict[str, list[Row]] = {}
    for row in rows:
        models.setdefault(row.model, []).append(row)
    return models


def _evidence(row: Row) -> Evidence:
    listed = [finding for finding in row.findings if is_listed(finding)]
    console = next((tuple(f.detail["console"]) for f in row.findings if f.detail.get("console")), ())
    cells = [finding_cells(finding)[1:-1] for finding in listed]
    file = row.findings[0].file if row.findings else ""
    return Evidence(row, charts.of_variant(row), cells, console, file, len(row.findings) - len(listed))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tinygate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.filters["kind"] = lambda shape: type(shape).__name__
    environment.filters["coded"] = _coded
    environment.filters["moment"] = _moment
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    return environment


def _coded(text: str) -> Markup:
    """Return a sentence of ours with its `code` set as code."""
    parts = escape(sanitize.plain(text)).split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def _moment(started: str) -> str:
    """Return "2026-11-26 22:24 UTC" for a header's ISO 8601, and anything else as it stands."""
    try:
        return f"{datetime.datetime.fromisoformat(started):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return started


def _harmless(value: Any) -> Any:
    return value if isinstance(value, Markup) else sanitize.plain(str(value))
