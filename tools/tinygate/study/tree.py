"""The decision tree as data: which compression ships, question by question. Pictures and text are made from it.

Small and fast already: post-training quantization, if it gains anything. Else post-training quantization if its loss is
within the margin, else quantization-aware training, else wider activations. What still does not fit asks for a smaller
architecture; bytes on the way to the device ask for pruning and packing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tinygate.study.evidence import Rung


class Answer(StrEnum):
    """What the evidence says to a question."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"
    UNMADE = "not made"


@dataclass(frozen=True)
class Question:
    """A question.

    Attributes:
        text: as a person asks it.
        fact: what is asked: "fits", "keeps", "gains" or "download".
        rung: of which variants.
        next: answer → name of the next question or leaf.
    """

    text: str
    fact: str
    rung: Rung
    next: Mapping[Answer, str]


@dataclass(frozen=True)
class Leaf:
    """An end: what to do, and which rung ships; None when none does yet."""

    action: str
    ships: Rung | None = None


ROOT = "float_fits"
_Y, _N, _U, _M = Answer.YES, Answer.NO, Answer.UNDECIDED, Answer.UNMADE
_SHORT = {"ptq": Rung.PTQ, "qat": Rung.QAT, "wide": Rung.WIDE}
_SMALLER = "smaller_architecture"


def _keeps(rung: Rung, yes: str, no: str, undecided: str, unmade: str) -> Question:
    return Question(
        f"{rung}: is its loss within the margin?", "keeps", rung, {_Y: yes, _N: no, _U: undecided, _M: unmade}
    )


QUESTIONS: Mapping[str, Question] = {
    "float_fits": Question(
        "float32: does it keep to flash, RAM and time already?",
        "fits",
        Rung.FLOAT,
        {_Y: "ptq_keeps_small", _N: "ptq_keeps", _U: "ptq_keeps", _M: "ptq_keeps"},
    ),
    "ptq_keeps_small": _keeps(Rung.PTQ, "ptq_gains", "ship_float", "undecided_ptq", "make_ptq"),
    "ptq_gains": Question(
        "post-training int8: does it save flash, RAM or work?", "gains", Rung.PTQ, {_Y: "ptq_fits", _N: "ship_float"}
    ),
    "ptq_keeps": _keeps(Rung.PTQ, "ptq_fits", "qat_keeps", "qat_keeps_instead", "make_ptq"),
    "qat_keeps": _keeps(Rung.QAT, "qat_fits", "wide_keeps", "undecided_qat", "train_qat"),
    "qat_keeps_instead": _keeps(Rung.QAT, "qat_fits", "undecided_ptq", "undecided_ptq", "undecided_ptq"),
    "wide_keeps": _keeps(Rung.WIDE, "wide_fits", "other_architecture", "undecided_wide", "make_wide"),
    **{
        f"{name}_fits": Question(
            f"{rung}: does it keep to flash, RAM and time?",
            "fits",
            rung,
            {_Y: f"{name}_download", _N: _SMALLER, _U: "measure_time"},
        )
        for name, rung in _SHORT.items()
    },
    **{
        f"{name}_download": Question(
            f"{rung}: does its download, packed, keep to the limit?",
            "download",
            rung,
            {_Y: f"ship_{name}", _N: "pruned_keeps"},
        )
        for name, rung in _SHORT.items()
    },
    "pruned_keeps": _keeps(Rung.PRUNED, "pruned_fits", _SMALLER, "undecided_pruned", "prune"),
    "pruned_fits": Question(
        "pruned int8: does it keep to flash, RAM and time?",
        "fits",
        Rung.PRUNED,
        {_Y: "pruned_download", _N: _SMALLER, _U: "measure_time"},
    ),
    "pruned_download": Question(
        "pruned int8: does its download, packed, keep to the limit?",
        "download",
        Rung.PRUNED,
        {_Y: "ship_pruned", _N: _SMALLER},
    ),
}
"""Every question by name; the first is ROOT."""

LEAVES: Mapping[str, Leaf] = {
    "ship_float": Leaf("Ship float32: it fits, and quantizing it gains nothing that it may cost.", Rung.FLOAT),
    "ship_ptq": Leaf("Ship post-training int8.", Rung.PTQ),
    "ship_qat": Leaf("Ship quantization-aware int8.", Rung.QAT),
    "ship_wide": Leaf("Ship int8 weights with int16 activations.", Rung.WIDE),
    "ship_pruned": Leaf("Ship pruned int8, packed for the download.", Rung.PRUNED),
    "make_ptq": Leaf("Quantize after training (ptq_int8) and measure: nothing is cheaper to try."),
    "train_qat": Leaf("Train quantization-aware, 20 to 30 epochs at a low rate, and measure (qat_int8)."),
    "make_wide": Leaf("Try int16 activations (ptq_int16x8) and measure."),
    "prune": Leaf("Prune, then pack (pruned70_int8), and measure: `tinygate study` does."),
    _SMALLER: Leaf("Make the architecture smaller: no compression of this one keeps to the limits."),
    "other_architecture": Leaf("Change the architecture: every quantization of this one loses more than it may."),
    "measure_time": Leaf("Measure the time on a board: a limit is set, and no emulator knows it."),
    "undecided_ptq": Leaf("INCONCLUSIVE: the test set cannot tell whether post-training int8 loses too much."),
    "undecided_qat": Leaf("INCONCLUSIVE: the test set cannot tell whether quantization-aware int8 loses too much."),
    "undecided_wide": Leaf("INCONCLUSIVE: the test set cannot tell whether int16 activations lose too much."),
    "undecided_pruned": Leaf("INCONCLUSIVE: the test set cannot tell whether pruning loses too much."),
}
"""Every end by name."""

UNDECIDED_RUNG = {
    "undecided_ptq": Rung.PTQ, "undecided_qat": Rung.QAT, "undecided_wide": Rung.WIDE, "undecided_pruned": Rung.PRUNED,
}  # fmt: skip
"""Whose windows do not suffice, by leaf."""
