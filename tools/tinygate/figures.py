"""Every figure that the gate knows: its name with the unit, on which side of a limit it is good, who can measure it.

A figure that is added here can be reported, budgeted and put into rules; nothing else lists figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Needs(StrEnum):
    """What a place must offer for a figure to be measured there."""

    HOST = "host"
    """The .tflite file, and the oracle on this machine."""
    BOARD = "board"
    """A board that runs the model, emulated or not."""
    FIRMWARE = "firmware"
    """The firmware that ships, as the toolchain built it."""
    CHIP = "chip"
    """A real chip: its time."""
    CYCLES = "cycles"
    """An emulator that counts instructions."""


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: with its unit, as keys of budgets and findings carry it.
        title: for the head of a column.
        unit: "bytes", "µs", "%", …
        needs: what a place must offer; a metric is measured on hosts and boards alike.
        at_most: whether a value is good below its budget; above it otherwise.
        budget: whether model.toml may limit it.
        varies: whether it may differ between two runs of the same firmware although it is counted in bytes.
        whole: whether it is counted, and a budget must be a whole number.
    """

    name: str
    title: str
    unit: str
    needs: frozenset[Needs]
    at_most: bool = True
    budget: bool = True
    varies: bool = False
    whole: bool = False

    def is_good(self, value: float, limit: float) -> bool:
        """Whether `value` keeps to `limit`."""
        return value <= limit if self.at_most else value >= limit

    @property
    def is_exact(self) -> bool:
        """Whether it is the same in every run of the same firmware: a size."""
        return self.unit == "bytes" and not self.varies

    @property
    def sign(self) -> str:
        """The relation to a limit: "≤" or "≥"."""
        return "≤" if self.at_most else "≥"

    @property
    def short(self) -> str:
        """The title as it fits into a cell: "AUC", "MAE"."""
        return self.name.upper() if self.name in ("mae", "rmse") else self.title

    @property
    def show(self) -> Callable[[float], str]:
        """How a value is shown to people."""
        if self.whole or self.unit in ("bytes", "µs", "cycles"):
            return "{:,.0f}".format
        return "{:.2f} %".format if self.unit == "%" else "{:.5g}".format


_BOTH = frozenset({Needs.HOST, Needs.BOARD})


def _metric(name: str, title: str, unit: str, *, at_most: bool = False) -> Figure:
    return Figure(name, title, unit, _BOTH, at_most=at_most)


METRICS: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        _metric("accuracy_percent", "accuracy", "%"),
        _metric("top2_accuracy_percent", "top-2 accuracy", "%"),
        _metric("top3_accuracy_percent", "top-3 accuracy", "%"),
        _metric("top5_accuracy_percent", "top-5 accuracy", "%"),
        _metric("macro_f1_percent", "macro F1", "%"),
        _metric("auc_percent", "AUC", "%"),
        _metric("mae", "mean absolute error", "output units", at_most=True),
        _metric("rmse", "root mean square error", "output units", at_most=True),
        _metric("agreement_percent", "agreement with the reference", "%"),
        _metric("score", "score", "recipe's unit"),
        _metric("loss", "loss", "recipe's unit", at_most=True),
    )
}
"""What a model is good for, measured over a test set: by the oracle on the host, and on the board."""

PARTS = ("model", "interpreter", "kernels", "tinygate", "rest")
"""What a firmware's flash and static RAM are split into; `tinygate` is what answers, which does not ship."""


def flash_of(part: str) -> str:
    """Return the name of the figure that says what a part takes of flash."""
    return f"flash_{part}_bytes"


def static_ram_of(part: str) -> str:
    """Return the name of the figure that says what a part takes of static RAM."""
    return f"static_ram_{part}_bytes"


_B, _F, _C, _E = ({needs} for needs in (Needs.BOARD, Needs.FIRMWARE, Needs.CHIP, Needs.CYCLES))

FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("tflite_bytes", ".tflite bytes", "bytes", frozenset({Needs.HOST}), whole=True),
        Figure("arena_used_bytes", "arena used, bytes", "bytes", frozenset(_B), whole=True),
        Figure("arena_minimum_bytes", "smallest arena, bytes", "bytes", frozenset(_B), whole=True),
        Figure("flash_bytes", "firmware flash, bytes", "bytes", frozenset(_F), whole=True),
        Figure("static_ram_bytes", "static RAM, bytes", "bytes", frozenset(_F), whole=True),
        *(Figure(flash_of(p), f"flash of {p}, bytes", "bytes", frozenset(_F), whole=True) for p in PARTS),
        *(Figure(static_ram_of(p), f"static RAM of {p}, bytes", "bytes", frozenset(_F), whole=True) for p in PARTS),
        Figure("ram_used_bytes", "RAM in use, bytes", "bytes", frozenset(_F), varies=True, whole=True),
        Figure(
            "heap_least_free_bytes",
            "least free heap, bytes",
            "bytes",
            frozenset(_F),
            at_most=False,
            varies=True,
            whole=True,
        ),
        Figure(
            "stack_least_free_bytes",
            "least free stack, bytes",
            "bytes",
            frozenset(_F),
            at_most=False,
            varies=True,
            whole=True,
        ),
        Figure("latency_median_us", "inference, µs", "µs", frozenset(_C)),
        Figure("latency_p99_us", "99th percentile of inference, µs", "µs", frozenset(_C)),
        Figure("latency_max_us", "longest inference, µs", "µs", frozenset(_C)),
        Figure("latency_running_median_us", "inference, application running, µs", "µs", frozenset(_C)),
        Figure("latency_running_p99_us", "99th percentile, application running, µs", "µs", frozenset(_C)),
        Figure("latency_running_max_us", "longest inference, application running, µs", "µs", frozenset(_C)),
        Figure("emulated_cycles", "emulated cycles", "cycles", frozenset(_E)),
        Figure("emulated_running_cycles", "emulated cycles, application running", "cycles", frozenset(_E)),
        Figure("parity_mismatches", "parity", "windows", frozenset(_B), budget=False, whole=True),
        *METRICS.values(),
    )
}

HOST_ONLY = "host_only_operator"
"""What keeps a variant off every chip, in findings: an operator's name, no number."""

BUDGETABLE = tuple(figure.name for figure in FIGURES.values() if figure.budget)
