"""The gate's table, as cells of text: the same for the terminal and for report.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinygate.figures import FIGURES, HOST_ONLY, Figure
from tinygate.places import HOST
from tinygate.report.summary import Row, Summary
from tinygate.verdict import Finding, Verdict

NOT_MEASURED = "not measured"
METRIC = "metric"
AGREEMENT = "agreement_percent"


@dataclass(frozen=True)
class Column:
    """A column: the figure it shows, "metric" for the model's own, and where it is measured ("host" or "device")."""

    figure: str
    where: str

    def title(self, metric: Figure | None) -> str:
        """The column's head; `metric` is the one that all models share, None if they differ."""
        if self.figure != METRIC:
            return FIGURES[self.figure].title
        return f"{metric.title if metric else METRIC}, {self.where}"


METRIC = "metric"
COLUMNS = (
    Column("tflite_bytes", "host"),
    Column("arena_used_bytes", "device"),
    Column("latency_median_us", "device"),
    Column(METRIC, "host"),
    Column(METRIC, "device"),
    Column("flash_bytes", "device"),
    Column("parity_mismatches", "device"),
)


def shared_metric(summary: Summary) -> Figure | None:
    """Return the metric that all rows have, None if they differ or have none."""
    found = {finding.figure for row in summary.rows if (finding := row.find_metric(HOST))}
    return FIGURES[found.pop()] if len(found) == 1 else None


def name_titles(summary: Summary) -> tuple[str, ...]:
    """Return the titles of the columns that say what a row is about: the place too where there are several."""
    return ("model", "variant", "place") if len(summary.places) > 1 else ("model", "variant")


def header(summary: Summary) -> tuple[str, ...]:
    """Return the titles: model, variant, place, the figures, verdict."""
    metric = shared_metric(summary)
    return (*name_titles(summary), *(column.title(metric) for column in COLUMNS), "verdict")


def cells(row: Row, summary: Summary) -> tuple[str, ...]:
    """Return one variant's cells in the order of `header`."""
    off_device = "host only" if _keeps_off(row) else "–"
    names_metric = shared_metric(summary) is None
    found = ((column, _finding_of(row, column, _place_of(row, summary))) for column in COLUMNS)
    figures = (_cell(column, finding, off_device, names_metric) for column, finding in found)
    place = (row.place or HOST,) if len(summary.places) > 1 else ()
    return (row.model, row.variant or "all variants", *place, *figures, str(row.verdict))


def notes(summary: Summary) -> tuple[str, ...]:
    """Return what must be known to read the table: of each column, why there is no figure or what the figure is.

    What is true of some rows only names them.
    """
    metric, rows = shared_metric(summary), summary.shown_rows
    found: dict[str, list[Row]] = {}
    for column in COLUMNS:
        for row in rows:
            finding = _finding_of(row, column, _place_of(row, summary))
            if finding is not None and finding.note:
                missing = f"{NOT_MEASURED}. " if finding.value is None else ""
                found.setdefault(f"{column.title(metric)}: {missing}{finding.note}", []).append(row)
    for row in rows:
        if (kept_off := _keeps_off(row)) is not None:
            found[f"{row.variant}: host only. {kept_off.note}"] = []
    for row in rows:
        if row.is_variant and not row.is_limited:
            found[f"{row.model} {row.variant}: nothing was demanded of it: no budget, rule or margin names it."] = []
    on_boards = [row for row in rows if _keeps_off(row) is None]
    return tuple(note + _whose(named, rows, on_boards) for note, named in found.items())


def _whose(named: Sequence[Row], rows: Sequence[Row], on_boards: Sequence[Row]) -> str:
    """Say which rows a note is about; nothing if it is about all, or all that run on boards."""
    if not named or list(named) in (list(rows), list(on_boards)):
        return ""
    models = {row.model for row in rows}
    whole = [m for m in dict.fromkeys(row.model for row in named) if all(r in named for r in rows if r.model == m)]
    single = [row for row in named if row.model not in whole]
    names = [f"{row.model} {row.variant}" if len(models) > 1 else row.variant for row in single]
    placed = (f"{name} on {row.place}" if row.place else name for name, row in zip(names, single, strict=True))
    return f" ({', '.join([*whole, *placed])})"


def _keeps_off(row: Row) -> Finding | None:
    """Return the finding that keeps a variant off every chip, None if it may run on one."""
    found = row.find(HOST_ONLY, HOST)
    return found if found is not None and found.note else None


def _place_of(row: Row, summary: Summary) -> str:
    """Return whose figures stand in the device columns of a row."""
    return row.place or summary.places[0]


def _finding_of(row: Row, column: Column, device_place: str) -> Finding | None:
    place = HOST if column.where == "host" else device_place
    return row.find_metric(place) if column.figure == METRIC else row.find(column.figure, place)


def _cell(column: Column, finding: Finding | None, off_device: str, names_metric: bool) -> str:
    if finding is None:
        return off_device if column.where == "device" else "–"
    if not isinstance(finding.value, int | float):
        return NOT_MEASURED
    if column.figure == "parity_mismatches":
        shown = _parity(int(finding.value), finding.limit)
    else:
        figure = FIGURES[finding.figure]
        name = f"{figure.short} " if column.figure == METRIC and names_metric else ""
        shown = name + figure.show(finding.value)
    return shown if finding.verdict in (None, Verdict.PASS) else f"{shown} {finding.verdict}"


def _parity(mismatches: int, limit: str) -> str:
    if mismatches:
        return f"{mismatches:,} differ"
    return "within rounding" if "within" in limit else "bit-exact"  # the limit says how exact it had to be
