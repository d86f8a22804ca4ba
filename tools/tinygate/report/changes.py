"""What changed against another run, by its verdict.json: verdicts and figures that differ. It judges nothing.

Two runs are two samples: a figure with noise differs by itself. What a difference means is for budgets and statistics.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygate.errors import InputError
from tinygate.figures import FIGURES, Figure
from tinygate.report.words import difference, name_of, shown
from tinygate.store.files import read_file
from tinygate.verdict import Finding, Verdict

BASELINE = "baseline"
"""The check whose findings hold figures against a baseline."""

_DIGITS = 6
_ABSENT = "–"
_OF_A_VARIANT = ("model", "variant", "place")
"""What tells a run's variants apart; a place only where a run has several."""

_Figures = Mapping[tuple[str, ...], Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """One difference, as cells of text.

    Attributes:
        subject: "gesture ptq_int8".
        what: the figure and where it was measured, or "verdict".
        before, now, change: values with units, and their difference; empty where there is none to tell.
        better: whether it went the good way; None where that is not known.
    """

    subject: str
    what: str
    before: str
    now: str
    change: str = ""
    better: bool | None = None

    @property
    def direction(self) -> str:
        """The same in a word, for those who see no colour."""
        return {True: "better", False: "worse", None: ""}[self.better]


@dataclass(frozen=True)
class Comparison:
    """This run against another.

    Attributes:
        title: for the head of a table.
        about: what it is compared with, a sentence; or why there is nothing to compare.
        changes: what differs; empty if nothing does.
    """

    title: str
    about: str
    changes: tuple[Change, ...]


def compare(path: Path, now: Mapping[str, Any]) -> Comparison:
    """Compare a run's verdict.json, as a mapping, with the one in a file.

    A file that is missing or cannot be used leaves nothing to compare, and `about` says so: a first run has no base.
    """
    title = "What changed against the base"
    try:
        before = _read(path)
    except InputError as error:
        return Comparison(title, f"Nothing to compare with: {error}", ())
    if before["verdict"] is None:
        return Comparison(title, f"Nothing to compare with: {path}: that run ended without a verdict.", ())
    about = f"Base: run {before['run']}, commit {before['commit'] or 'not known'}, verdict {before['verdict']}."
    if before["place"] != now["place"]:
        about += f" It ran on {before['place']}, this one on {now['place']}: figures of boards are not compared."
    changes = tuple(_changes(_by_variant(before), _by_variant(now)))
    return Comparison(title, about + ("" if changes else " No verdict and no figure differs."), changes)


def against_baseline(findings: Iterable[Finding]) -> Comparison | None:
    """Return what findings say of baselines; None where nothing was held against one. What holds is counted."""
    held = [finding for finding in findings if finding.check == BASELINE]
    if not held:
        return None
    told = [f for f in held if f.verdict is not Verdict.PASS or f.reason]
    changes = tuple(
        Change(
            f"{f.model} {f.variant}", f"{f.figure}, {f.place}", f.limit, _cell(f.value), f.reason, _is_better(f.verdict)
        )
        for f in told
    )
    holding = sum(finding.verdict is Verdict.PASS for finding in held)
    return Comparison("Against the baseline", f"{holding} of {len(held)} figures hold.", changes)


def _is_better(verdict: Verdict | None) -> bool | None:
    return False if verdict is Verdict.FAIL else None


def _cell(value: float | int | str | None) -> str:
    return "not measured" if value is None else f"{value:,}" if isinstance(value, int | float) else value


def _read(path: Path) -> dict[str, Any]:
    wanted = "a verdict.json of `tinygate gate`"
    try:
        found = json.loads(read_file(path, wanted))
        variants = [
            {name: str(v[name]) for name in (*_OF_A_VARIANT, "verdict") if name != "place" or name in v}
            | {"figures": {str(name): value for name, value in v["figures"].items() if isinstance(value, int | float)}}
            for v in found.get("variants", [])
        ]
        told = {name: found.get(name) and str(found[name]) for name in ("run", "verdict", "place", "commit")}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: cannot be read; expected {wanted}.") from error
    return {**told, "variants": variants}


def _by_variant(verdict: Mapping[str, Any]) -> _Figures:
    return {tuple(row[name] for name in _OF_A_VARIANT if row.get(name)): row for row in verdict["variants"]}


def _changes(before: _Figures, now: _Figures) -> Iterator[Change]:
    for key in dict.fromkeys((*now, *before)):
        subject = " ".join(key)
        if key not in before or key not in now:
            there, gone = ("judged", _ABSENT) if key in before else (_ABSENT, "judged")
            yield Change(subject, "variant", there, gone)
            continue
        old, new = before[key], now[key]
        if old["verdict"] != new["verdict"]:
            better = {"PASS": True}.get(new["verdict"], False if old["verdict"] == "PASS" else None)
            yield Change(subject, "verdict", old["verdict"], new["verdict"], better=better)
        yield from _figures(subject, old["figures"], new["figures"])


def _figures(subject: str, before: Mapping[str, float], now: Mapping[str, float]) -> Iterator[Change]:
    places = {name.partition("@")[2] for name in now}
    for name in dict.fromkeys((*now, *before)):
        figure, _, place = name.partition("@")
        if figure.startswith(("TG-", "pinned ")) or place not in places:
            continue  # counts of rules are told by verdicts, and what is pinned is told by the figure itself
        known, old, new = FIGURES.get(figure), before.get(name), now.get(name)
        what = f"{name_of(known) if known else figure.replace('_', ' ')}, {place}"
        if old is not None and new is not None:
            if f"{old:.{_DIGITS}g}" != f"{new:.{_DIGITS}g}":
                yield _differing(subject, what, known, old, new)
        elif known:
            old_text, new_text = (_ABSENT if value is None else shown(known, value) for value in (old, new))
            yield Change(subject, what, old_text, new_text)


def _differing(subject: str, what: str, figure: Figure | None, before: float, now: float) -> Change:
    if figure is None:
        return Change(subject, what, f"{before:,.5g}", f"{now:,.5g}")
    better = (now < before) is figure.at_most
    return Change(subject, what, shown(figure, before), shown(figure, now), difference(figure, before, now), better)
