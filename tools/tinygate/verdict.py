"""Verdicts, their precedence and exit codes, and the finding that carries one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tinygate.errors import EvidenceError, InputError, LabError, TargetError


class Verdict(StrEnum):
    """What the gate says; declared from weakest to strongest."""

    PASS = "PASS"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    FAIL = "FAIL"

    @property
    def exit_code(self) -> int:
        """Process exit code: 0 PASS, 1 FAIL, 2 ERROR, 3 INCONCLUSIVE."""
        return {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.ERROR: 2, Verdict.INCONCLUSIVE: 3}[self]


_STRENGTH = {verdict: rank for rank, verdict in enumerate(Verdict)}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the strongest verdict by FAIL > ERROR > INCONCLUSIVE > PASS; no verdict at all is INCONCLUSIVE."""
    return max(verdicts, key=_STRENGTH.__getitem__, default=Verdict.INCONCLUSIVE)


def verdict_of(error: BaseException) -> Verdict:
    """Return the verdict that an error means: who is to blame decides."""
    if isinstance(error, TargetError):
        return Verdict.FAIL
    if isinstance(error, EvidenceError):
        return Verdict.INCONCLUSIVE
    if isinstance(error, LabError | InputError):
        return Verdict.ERROR
    return Verdict.FAIL if isinstance(error, AssertionError) else Verdict.ERROR


@dataclass(frozen=True)
class Finding:
    """One figure and what was decided about it.

    Attributes:
        model: model name, "gesture".
        variant: variant name, "ptq_int8"; for a rule between variants, the one that is judged.
        place: where it was measured, see `tinygate.places`.
        check: the check's name, "budget", "rule", "parity", "accuracy_delta", …
        figure: the figure's name with its unit, "arena_used_bytes".
        value: the figure; None when it was not measured.
        limit: what was allowed, in words, "≤ 6000"; empty when nothing was demanded.
        verdict: None for a figure that is recorded and not judged.
        file: the file to look at or to change.
        reason: one sentence: why this verdict.
        note: what a reader must know of the value, or why there is none; shown below the table.
        node_id: the test that found it; set when it is journaled.
        detail: what the figure rests on, to be drawn, as JSON has types; docs/verdicts.md names the keys.
    """

    model: str
    variant: str
    place: str
    check: str
    figure: str
    value: float | int | str | None
    limit: str
    verdict: Verdict | None
    file: str
    reason: str
    note: str = ""
    node_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def sentence(self) -> str:
        """Return the finding as one line that names variant, figure, budget and file."""
        head = f"{self.verdict or 'NOTE'}: {self.model} {self.variant} on {self.place}: {self.figure}"
        value = "not measured" if self.value is None else f"= {self.value}"
        limit = f", demanded {self.limit}" if self.limit else ""
        ends = "" if not (self.reason and self.note) or self.reason.endswith((".", "!", "?")) else "."
        return f"{head} {value}{limit} ({self.file}). {self.reason}{ends} {self.note}".rstrip()
