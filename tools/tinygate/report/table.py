"""The gate's table, as cells of text: the same for the terminal and for report.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygate.figures import METRICS
from tinygate.report.summary import Row, Summary
from tinygate.verdict import Finding, Verdict

NOT_MEASURED = "not measured"
METRIC = "metric"
AGREEMENT = "agreement_percent"
HOST_ONLY = "host_only_operator"  # the figure that says which operator keeps a variant off every chip


@dataclass(frozen=True)
class Column:
    """A column: the figure it shows, METRIC for the model's own, and where it is measured ("host" or "device")."""

    title: str
    figure: str
    where: str
    show: Callable[[float | int], str]


def _whole(value: float | int) -> str:
    return f"{value:,.0f}"


def _percent(value: float | int) -> str:
    return f"{value:.2f} %"


def _differing(mismatches: float | int) -> str:
    return "bit-exact" if mismatches == 0 else f"{mismatches:,.0f} differ"


COLUMNS = (
    Column(".tflite bytes", "tflite_bytes", "host", _whole),
    Column("arena used, bytes", "arena_used_bytes", "device", _whole),
    Column("inference, µs", "latency_median_us", "device", _whole),
    Column("accuracy, host", METRIC, "host", _percent),
    Column("accuracy, device", METRIC, "device", _percent),
    Column("firmware flash, bytes", "flash_bytes", "device", _whole),
    Column("parity", "parity_mismatches", "device", _differing),
)


def header() -> tuple[str, ...]:
    """Return the titles: model, variant, the figures, verdict."""
    return ("model", "variant", *(column.title for column in COLUMNS), "verdict")


def cells(row: Row, device_place: str) -> tuple[str, ...]:
    """Return one variant's cells in the order of `header`."""
    off_device = "host only" if row.find(HOST_ONLY, "host") else "–"
    figures = (_cell(column, _finding_of(row, column, device_place), off_device) for column in COLUMNS)
    return (row.model, row.variant, *figures, str(row.verdict))


def notes(summary: Summary) -> tuple[str, ...]:
    """Return what must be known to read the table: of each column, why there is no figure or what the figure is."""
    found: dict[str, None] = {}
    for column in COLUMNS:
        for row in summary.shown_rows:
            finding = _finding_of(row, column, summary.device_place)
            if finding is not None and finding.note:
                missing = f"{NOT_MEASURED}. " if finding.value is None else ""
                found[f"{column.title}: {missing}{finding.note}"] = None
    for row in summary.shown_rows:
        kept_off = row.find(HOST_ONLY, "host")
        if kept_off is not None:
            found[f"{row.variant}: host only. {kept_off.note}"] = None
    return tuple(found)


def _finding_of(row: Row, column: Column, device_place: str) -> Finding | None:
    place = "host" if column.where == "host" else device_place
    if column.figure != METRIC:
        return row.find(column.figure, place)
    known = [found for name in METRICS if name != AGREEMENT and (found := row.find(name, place))]
    return known[-1] if known else None


def _cell(column: Column, finding: Finding | None, off_device: str) -> str:
    if finding is None:
        return off_device if column.where == "device" else "–"
    if not isinstance(finding.value, int | float):
        return NOT_MEASURED
    if column.figure == "parity_mismatches" and finding.value == 0 and finding.note:
        return "within rounding"  # the note says how exact it had to be
    if column.figure == METRIC:
        return _metric_cell(finding)
    mark = "" if finding.verdict in (None, Verdict.PASS) else f" {finding.verdict}"
    return column.show(finding.value) + mark


def _metric_cell(finding: Finding) -> str:
    """Return a metric with its name, unless it is the accuracy that the column is called after."""
    figure, value = METRICS[finding.figure], finding.value
    assert isinstance(value, int | float)
    name = "" if finding.figure == "accuracy_percent" else f"{figure.short} "
    mark = "" if finding.verdict in (None, Verdict.PASS) else f" {finding.verdict}"
    return f"{name}{figure.show(value)}{mark}"
