"""The plan of an arena as a picture: operators to the right, the offset in the arena upwards, as a memory map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygate.arena.prediction import ArenaPrediction, PlannedBuffer
from tinygate.errors import ConfigError, InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FORMATS = (".png", ".svg", ".pdf")
_MOST_LABELS = 60  # along the axis of operators
_ACTIVATION, _SCRATCH, _PEAK = "#9ecae1", "#fdae6b", "#d62728"
_EDGE = "#333333"
_DPI = 110
_LINES_OF_TEXT = 28  # that fit into the height of the picture


def write_plot(prediction: ArenaPrediction, path: Path) -> None:
    """Draw the plan into `path`; its ending says how: .png, .svg or .pdf.

    Raises:
        ConfigError: another ending.
        InputError: the file cannot be written.
    """
    if path.suffix.lower() not in _FORMATS:
        raise ConfigError(f"--plot {path}: expected a file that ends in {', '.join(_FORMATS)}.")
    from matplotlib.figure import Figure

    steps = max((buffer.last_use for buffer in prediction.plan), default=0) + 1
    figure = Figure(figsize=(min(max(8.0, 3 + 0.45 * steps), 40.0), 7.5), layout="constrained")
    _draw(figure.add_subplot(), prediction)
    figure.legend(handles=_legend(), loc="outside lower right", ncols=4, fontsize=8)
    try:
        figure.savefig(path, dpi=_DPI, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None


def _draw(axes: Axes, prediction: ArenaPrediction) -> None:
    for buffer in prediction.plan:
        _draw_buffer(axes, buffer, prediction)
    axes.axvspan(prediction.peak_step - 0.5, prediction.peak_step + 0.5, color=_PEAK, alpha=0.15, zorder=3)
    axes.axhline(prediction.head_bytes, color=_PEAK, linestyle="--", linewidth=1)
    alive = sum(buffer.size_bytes for buffer in prediction.alive_at_peak)
    axes.annotate(
        f"peak: {prediction.head_bytes:,} bytes of head, {alive:,} alive at step {prediction.peak_step}",
        (prediction.peak_step, prediction.head_bytes),
        xytext=(0, 4), textcoords="offset points", ha="center", color=_PEAK, fontsize=9,
    )  # fmt: skip
    axes.set_title(_title(prediction), loc="left", fontsize=10, parse_math=False)
    axes.set_ylabel("offset in the arena, bytes")
    axes.set_ylim(0, max(prediction.head_bytes, 16) * 1.08)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlim(-1.6 if any(b.first_use < 0 for b in prediction.plan) else -0.6, _last_step(prediction) + 0.6)
    _label_steps(axes, prediction)


def _last_step(prediction: ArenaPrediction) -> int:
    steps = [step.step for step in prediction.steps] + [buffer.last_use for buffer in prediction.plan]
    return max(steps, default=0)


def _title(prediction: ArenaPrediction) -> str:
    at_least = "" if prediction.exact else "at least "
    return (
        f"{prediction.target}: used {at_least}{prediction.used_bytes:,} = head {prediction.head_bytes:,} + tail "
        f"{prediction.tail_bytes:,} bytes; minimum that works {at_least}{prediction.minimum_bytes:,}\n"
        f"{prediction.runtime}, {prediction.kernels}"
    )


def _draw_buffer(axes: Axes, buffer: PlannedBuffer, prediction: ArenaPrediction) -> None:
    from matplotlib.patches import Rectangle

    width = buffer.last_use - buffer.first_use + 1
    look: dict[str, Any] = {"facecolor": _SCRATCH, "hatch": "///"} if buffer.is_scratch else {"facecolor": _ACTIVATION}
    is_at_peak = buffer.first_use <= prediction.peak_step <= buffer.last_use
    look |= (
        {"edgecolor": _PEAK, "linewidth": 1.6, "zorder": 2} if is_at_peak else {"edgecolor": _EDGE, "linewidth": 0.7}
    )
    corner = (buffer.first_use - 0.5, buffer.offset_bytes)
    axes.add_patch(Rectangle(corner, width, buffer.size_bytes, **look))
    lines = buffer.size_bytes * _LINES_OF_TEXT // max(prediction.head_bytes, 1)
    if lines:
        text = _short(buffer, width) + (f"\n{buffer.size_bytes:,}" if lines > 1 else "")
        middle = (corner[0] + width / 2, buffer.offset_bytes + buffer.size_bytes / 2)
        axes.text(*middle, text, ha="center", va="center", fontsize=6.5, clip_on=True, parse_math=False, zorder=4)


def _short(buffer: PlannedBuffer, width: int) -> str:
    """Return a tensor's number and the end of its name, which tells more than its start, as far as there is room."""
    room = max(6, width * 7)
    name = buffer.name.split(": ")[-1] if buffer.is_scratch else f"{buffer.tensor} {buffer.name.rsplit('/', 1)[-1]}"
    return name if len(name) <= room else name[: room - 1] + "…"


def _label_steps(axes: Axes, prediction: ArenaPrediction) -> None:
    stride = max(1, -(-len(prediction.steps) // _MOST_LABELS))
    shown = prediction.steps[::stride]
    labels = [
        f"{step.operator} {step.name}" if step.subgraph == 0 else f"{step.subgraph}:{step.operator} {step.name}"
        for step in shown
    ]
    axes.set_xticks([0, *(step.step for step in shown)], ["inputs", *labels], rotation=90, fontsize=7)
    axes.set_xlabel("operators, in the order in which they run (subgraph:operator where a subgraph runs)")


def _legend() -> list[Any]:
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=_ACTIVATION, edgecolor=_EDGE, label="tensor: number, name, bytes"),
        Patch(facecolor=_SCRATCH, edgecolor=_EDGE, hatch="///", label="scratch buffer"),
        Patch(facecolor="white", edgecolor=_PEAK, linewidth=1.6, label="alive at the peak"),
        Patch(facecolor=_PEAK, alpha=0.15, label="step at which the head is highest"),
    ]
