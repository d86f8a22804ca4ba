"""Pictures of a page: matplotlib's, as inline SVG whose text and axes take the page's own colour, light or dark."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#010203"
"""Stands for the colour of the page's text until the picture is in the page."""
COLOURS = ("#3d8fd1", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999", "#b8a800", "#7f7fff", "#8c6d46")
"""Told apart by people who see colours differently, on a light page and on a dark one: after Okabe and Ito."""
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 13.0,  # of a picture 620 points wide: still legible at half size
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#888888",
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "legend.fontsize": 12.0,
    "savefig.transparent": True,
}
WIDTH_IN = 8.6


@dataclass(frozen=True)
class Chart:
    """A picture with the table behind it: what it shows, in words; its axes' units stand in the picture."""

    name: str
    title: str
    caption: str
    svg: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Drawing:
    """A figure being drawn, and, afterwards, its SVG."""

    def __init__(self, figure: Any) -> None:
        self.figure = figure
        self.svg = ""

    def axes(self, rows: int = 1, columns: int = 1, **options: Any) -> Sequence[Axes]:
        """Return the figure's axes in a row."""
        found = self.figure.subplots(rows, columns, squeeze=False, **options)
        return [axes for line in found for axes in line]


@contextmanager
def drawing(name: str, height_in: float) -> Iterator[Drawing]:
    """Give a figure to draw into; its SVG is there when the block ends. The same drawing gives the same bytes."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": name}):
        drawn = Drawing(Figure(figsize=(WIDTH_IN, height_in), layout="constrained"))
        yield drawn
        file = io.StringIO()
        drawn.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    drawn.svg = _inline(file.getvalue(), name)


def _inline(svg: str, name: str) -> str:
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'(id="|"#|url\(#)', rf"\g<1>{name}-", body)  # ids are the page's, not the picture's
    body = re.sub(r'^<svg ([^>]*?)width="[^"]*" ', r"<svg \1", body, count=1)
    body = re.sub(r'^<svg ([^>]*?)height="[^"]*" ', r"<svg \1", body, count=1)
    return body.replace(INK, "currentColor")


def thousands(axis: Any) -> None:
    """Write an axis' numbers with thousands apart."""
    axis.set_major_formatter("{x:,.0f}")
    axis.set_minor_formatter("{x:,.0f}" if axis.get_scale() == "log" else "")
