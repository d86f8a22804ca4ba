"""What the page draws, as positions in per cent of a chart's width: bars, intervals, histograms, matrices.

Everything comes from findings: a value, its limit, and what it rests on (`Finding.detail`). Text stands beside the
shapes, so that nothing is told by colour or length alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinygate.figures import FIGURES, METRICS, Figure
from tinygate.places import HOST
from tinygate.report.summary import Row
from tinygate.report.words import amount, limit_of, name_of, title_of_margin
from tinygate.verdict import Finding, Verdict

_BINS = 40
_AIR = 0.06  # of a span's width, on both sides
_Place = Callable[[float | None], float | None]


@dataclass(frozen=True)
class Bar:
    """One bar: its length and its limit's place in per cent (None without one); `state` is a verdict if not PASS."""

    label: str
    text: str
    length: float
    mark: float | None = None
    state: str = ""


@dataclass(frozen=True)
class Span:
    """A value with its interval and its limit, in per cent of the chart's width."""

    label: str
    text: str
    at: float
    low: float | None
    high: float | None
    mark: float | None
    state: str = ""


@dataclass(frozen=True)
class Chart:
    """Bars or spans that share a scale. `zero` is where 0 lies, if that is worth a line."""

    title: str
    note: str
    bars: tuple[Bar, ...] = ()
    spans: tuple[Span, ...] = ()
    zero: float | None = None


@dataclass(frozen=True)
class Histogram:
    """Heights in per cent of the highest bin, and the ends of the axis as text; `mark` is a limit's place."""

    title: str
    note: str
    heights: tuple[float, ...]
    low: str
    high: str
    mark: float | None = None


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: classes, counts by true and answered class, and each count's share of its row in per cent."""

    title: str
    note: str
    classes: tuple[str, ...]
    rows: tuple[tuple[tuple[int, int], ...], ...]


def of_model(rows: Sequence[Row], place: str) -> list[Chart]:
    """Return what one model's variants are compared by: figures against budgets, metrics, margins."""
    charts = [_bars(rows, figure, place) for figure in FIGURES.values() if figure.budget and figure.name not in METRICS]
    charts += [_metric(rows, figure, where) for figure in METRICS.values() for where in (HOST, place)]
    return [chart for chart in (*charts, *_margins(rows)) if chart.bars or chart.spans]


def of_places(rows: Sequence[Row], places: Sequence[str]) -> list[Chart]:
    """Return the same for each place of a run; what is the host's is drawn once."""
    every = (chart for place in places for chart in of_model([r for r in rows if r.place in ("", place)], place))
    return list(dict.fromkeys(every))


def of_finding(finding: Finding | None) -> Chart | None:
    """Return the one figure that decides a problem, beside its limit; None where there is nothing to draw."""
    if finding is None or not isinstance(finding.value, int | float) or limit_of(finding) is None:
        return None
    row = Row(finding.model, finding.variant, (finding,), (), (), is_variant=True)
    charts = of_model([row], finding.place)
    return charts[0] if charts else None


def _state(finding: Finding) -> str:
    return "" if finding.verdict in (None, Verdict.PASS) else str(finding.verdict)


def _bars(rows: Sequence[Row], figure: Figure, place: str) -> Chart:
    found = [(row, row.find(figure.name, where)) for row in rows for where in (HOST, place)]
    known = [(row, f, float(f.value)) for row, f in found if f is not None and isinstance(f.value, int | float)]
    longest = max((max(value, limit_of(f) or 0) for _, f, value in known), default=0) or 1
    bars = []
    for row, finding, value in known:
        limit = limit_of(finding)
        demanded = f" of {figure.show(limit)}" if limit is not None else ""
        mark = None if limit is None else 100 * limit / longest
        state = _state(finding)
        bars.append(Bar(row.variant, figure.show(value) + demanded, 100 * value / longest, mark, state))
    where = HOST if known and known[0][1].place == HOST else place
    note = "the line marks the budget" if any(bar.mark is not None for bar in bars) else "no budget"
    return Chart(f"{name_of(figure)}, {figure.unit}", f"{where}; {note}", tuple(bars))


def _metric(rows: Sequence[Row], figure: Figure, place: str) -> Chart:
    known = [
        (row, f)
        for row in rows
        if (f := row.find(figure.name, place)) and isinstance(f.value, int | float) and (f.limit or f.detail)
    ]
    if place != HOST and not any(_differs(row, f) for row, f in known):
        return Chart("", "")  # the host's chart shows the very same
    note = f"{place}; the line marks the {'budget' if figure.at_most else 'floor'}"
    if any(f.detail.get("interval") for _, f in known):
        note += ", the bar the 90 % interval, whose lower end is held against it"
    return _spans(f"{figure.title}, {figure.unit}", note, [(row.variant, f) for row, f in known], figure)


def _differs(row: Row, finding: Finding) -> bool:
    host = row.find(finding.figure, HOST)
    return host is None or host.value != finding.value or finding.verdict not in (None, Verdict.PASS)


def _margins(rows: Sequence[Row]) -> Iterator[Chart]:
    by_figure: dict[str, list[tuple[str, Finding]]] = {}
    for row in rows:
        for finding in row.findings:
            if finding.check == "margin" and isinstance(finding.value, int | float):
                by_figure.setdefault(finding.figure, []).append((row.variant, finding))
    for title, found in by_figure.items():
        note = "the bar is the 95 % interval: all of it must lie left of the line, the margin"
        yield _spans(title_of_margin(title), note, found, None)


def _spans(title: str, note: str, found: Sequence[tuple[str, Finding]], figure: Figure | None) -> Chart:
    ends = [
        point
        for _, f in found
        for point in (f.value, limit_of(f), *f.detail.get("interval", ()), None if figure else 0.0)
        if isinstance(point, int | float)
    ]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    width = (high - low) * (1 + 2 * _AIR) or 1.0

    def place(value: float | None) -> float | None:
        return None if value is None else 100 * ((value - low) / width + _AIR / (1 + 2 * _AIR))

    spans = [_span(label, f, figure, place) for label, f in found]
    return Chart(title, note, spans=tuple(spans), zero=None if figure else place(0.0))


def _span(label: str, finding: Finding, figure: Figure | None, place: _Place) -> Span:
    interval, limit = finding.detail.get("interval"), limit_of(finding)
    assert isinstance(finding.value, int | float)

    def show(value: float) -> str:
        return figure.show(value).removesuffix(" %") if figure else amount(value, "points" in finding.figure, "+")

    text = show(finding.value) + (f" ({show(interval[0])} to {show(interval[1])})" if interval else "")
    text += f", demanded {finding.limit}" if finding.limit else ""
    low, high = (place(interval[0]), place(interval[1])) if interval else (None, None)
    state = _state(finding)
    at = place(finding.value)
    assert at is not None
    return Span(label, text, at, low, high, place(limit), state)


def of_variant(row: Row) -> list[Chart | Histogram | Matrix]:
    """Return what is drawn of one variant alone, from what its findings rest on."""
    drawn: list[Chart | Histogram | Matrix] = []
    for finding in row.findings:
        detail = finding.detail
        if "samples" in detail:
            drawn.append(_latency(finding, detail["samples"]))
        if "profile" in detail and any(detail["profile"]["ticks"]):
            drawn.append(_profile(detail["profile"]["operators"], detail["profile"]["ticks"]))
        if "layers" in detail:
            drawn.append(_layers(finding, detail["layers"]["names"], detail["layers"]["sqnr_db"]))
        if "confusion" in detail and (finding.place == HOST or _differs(row, finding)):
            drawn.append(_matrix(finding, detail["confusion"]))
        if "weights" in detail:
            drawn.append(_weights(detail["weights"]))
    return drawn


def _latency(finding: Finding, boots: Sequence[Sequence[float]]) -> Histogram:
    samples = sorted(sample for boot in boots for sample in boot)
    limit = limit_of(finding)
    low, high = samples[0], max(samples[-1], limit or 0)
    width = (high - low) or 1
    counts = [0] * _BINS
    for sample in samples:
        counts[min(_BINS - 1, int(_BINS * (sample - low) / width))] += 1
    heights = tuple(100 * count / max(counts) for count in counts)
    mark = None if limit is None else 100 * (limit - low) / width
    return Histogram("Inference time, all boots", finding.note, heights, f"{low:,.0f} µs", f"{high:,.0f} µs", mark)


def _profile(operators: Sequence[str], ticks: Sequence[int]) -> Chart:
    total = sum(ticks)
    bars = [
        Bar(f"{number} {name}", f"{count:,} ({count / total:.1%})", 100 * count / max(ticks))
        for number, (name, count) in enumerate(zip(operators, ticks, strict=False))
    ]
    return Chart("Profile, ticks by operator", "one invocation, as the device counted", tuple(bars))


def _layers(finding: Finding, names: Sequence[str], decibels: Sequence[float | str]) -> Chart:
    limit = limit_of(finding)
    known = [value for value in decibels if isinstance(value, int | float)]
    longest = max([*known, limit or 1.0, 1.0])
    mark = None if limit is None else 100 * limit / longest
    bars = [_layer(name, value, longest, mark, limit) for name, value in zip(names, decibels, strict=False)]
    title = f"Signal over noise by layer, {finding.check.removeprefix('layers ')}, dB"
    return Chart(title, "more is better; the line marks the limit", tuple(bars))


def _layer(name: str, value: float | str, longest: float, mark: float | None, limit: float | None) -> Bar:
    if not isinstance(value, int | float):
        return Bar(name, str(value), 100.0, mark)
    return Bar(
        name, f"{value:g}", max(0.0, 100 * value / longest), mark, "FAIL" if limit is not None and value < limit else ""
    )


def _matrix(finding: Finding, confusion: Mapping[str, Any]) -> Matrix:
    counts: Sequence[Sequence[int]] = confusion["counts"]
    rows = tuple(tuple((count, round(100 * count / (sum(row) or 1))) for count in row) for row in counts)
    note = "windows; a row is what was true, a column what was answered"
    return Matrix(f"Confusion matrix, {finding.place}", note, tuple(map(str, confusion["classes"])), rows)


def _weights(weights: Mapping[str, Any]) -> Histogram:
    counts: Sequence[int] = weights["counts"]
    heights = tuple(100 * count / (max(counts) or 1) for count in counts)
    low, high = float(weights["low"]), float(weights["high"])
    ends = ("-128", "127") if weights["dtype"] == "int8" else (f"{low:.3g}", f"{high:.3g}")
    kind = "codes" if weights["dtype"] == "int8" else "values"
    return Histogram(f"Weights, {weights['dtype']}", f"{sum(counts):,} {kind}", heights, *ends)
