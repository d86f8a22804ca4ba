"""Draws docs/targets.svg from the table in docs/targets.md: how many times faster than float32 each variant is.

python -m tools.bench.targets_plot
"""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_RATIO = "× as fast as float32, "


def ratios(page: str) -> tuple[list[str], dict[str, list[float | None]]]:
    """Return the variants, and for each chip the ratios of its row; None where a cell is empty."""
    rows = [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    variants = next(row[1:] for row in rows if "ptq_int8" in row)
    named = {row[0].removeprefix(_RATIO): row[1:] for row in rows if row[0].startswith(_RATIO)}
    return variants, {chip: [None if cell == "–" else float(cell) for cell in row] for chip, row in named.items()}


def main() -> None:
    """Write the plot."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    variants, found = ratios((DOCS / "targets.md").read_text(encoding="utf-8"))
    mpl.rcParams["svg.hashsalt"] = "tinygate"  # the same file from the same table
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(found)
    for number, (chip, values) in enumerate(found.items()):
        known = [(place + number * width, value) for place, value in enumerate(values) if value is not None]
        bars = axes.bar([x for x, _ in known], [y for _, y in known], width, label=chip)
        axes.bar_label(bars, fmt="%.2f")
    axes.set_xticks([place + 0.4 - width / 2 for place in range(len(variants))], variants)
    axes.set_ylabel("× as fast as float32\n(counted, not timed)")
    axes.legend()
    figure.savefig(DOCS / "targets.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
