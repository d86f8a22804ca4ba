"""Runs to make reports of: every kind of finding that is drawn, and text that wants to be more than text."""

from __future__ import annotations

from dataclasses import replace

from tinygate.report.summary import Row, Summary
from tinygate.store.journal import Header
from tinygate.verdict import Finding, Verdict

PLACE = "esp32"
HOSTILE = "\x1b[31mred\x00 <script>alert(1)</script><img src=x onerror=alert(2)> a|b `c` \u202eevil\r\n\"'{{ 7*7 }}&lt;"
HEADER = Header(
    "20260101T000000Z-1", "2026-01-01T00:00:00+00:00", PLACE, ("kws",), (), {"commit": "abc123", "machine": "Linux"}
)


def finding(figure: str, value: float | str | None, limit: str = "", place: str = PLACE, **more: object) -> Finding:
    good = Finding("kws", "int8", place, "budget", figure, value, limit, Verdict.PASS, "models/kws/model.toml", "")
    return replace(good, **more)  # type: ignore[arg-type]


def drawn(text: str = "CONV_2D") -> tuple[Finding, ...]:
    """One finding for each picture, with `text` wherever a device or a file names something."""
    matrix = {"classes": ["yes", text], "counts": [[8, 2], [1, 9]]}
    layers = {"names": [text, "1 FULLY_CONNECTED"], "sqnr_db": [31.5, "equal"]}
    weights = {"dtype": "int8", "low": -128.0, "high": 128.0, "counts": [1, 5, 9, 5]}
    return (
        finding("tflite_bytes", 9_000, "≤ 10000", "host", detail={"weights": weights}),
        finding("arena_used_bytes", 4_060, "≤ 5000"),
        finding("latency_median_us", 812.0, "≤ 900", detail={"samples": [[810, 812, 815], [811, 812, 890]]}),
        finding("accuracy_percent", 85.0, "≥ 80", "host", detail={"interval": [79.0, 90.0], "confusion": matrix}),
        finding("accuracy drop to float32, points", 0.4, "< 1", "host", check="margin", detail={"interval": [-0.2, 0.9]}),
        finding("lowest_layer_sqnr_db", 31.5, "≥ 20", "host", check="layers against float32", detail={"layers": layers}),
        finding("profiled_operators", 2, "≥ 1", check="health", detail={"profile": {"operators": [text, "SOFTMAX"], "ticks": [900, 100]}}),
        finding("resets", 1, "≤ 1", check="health", detail={"console": [text, "ready"]}),
    )  # fmt: skip


def run(*findings: Finding, variants: int = 1, notices: tuple[str, ...] = ()) -> Summary:
    rows = tuple(Row("kws", f"int8_{n}" if n else "int8", findings, (), (), is_variant=True) for n in range(variants))
    return Summary(rows, (), notices, (PLACE,), HEADER)


OVER_BUDGET = finding(
    "arena_used_bytes", 4_060, "≤ 4000", verdict=Verdict.FAIL, reason="The figure is outside its budget."
)
UNDECIDED = finding(
    "accuracy drop to float32, points", 0.6, "< 1", "host", check="margin", verdict=Verdict.INCONCLUSIVE,
    reason="About 4000 windows would decide.", detail={"interval": [-0.3, 1.5]},
)  # fmt: skip
LOST = finding(
    "measured_run", None, "one boot without a fault", check="run", verdict=Verdict.ERROR,
    reason="the board cannot be reached or flashed: no such port", detail={"console": ["rst:0x1", "ready"]},
)  # fmt: skip
