"""From the evidence of a run to entries of a baseline: what `tinygate baseline set` writes and `diff` compares."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinygate.errors import EvidenceError, InputError
from tinygate.figures import FIGURES
from tinygate.gate.checks import BASELINE_CHECKS
from tinygate.gate.measured import OnBoard
from tinygate.model.baseline import LEAST_BOOTS, Entry, boot_latency_us
from tinygate.places import HOST
from tinygate.store.evidence import RUNS, verify
from tinygate.store.ledger import BUNDLES
from tinygate.verdict import Verdict


@dataclass(frozen=True)
class Candidate:
    """What a run found of one variant at one place.

    Attributes:
        entry: all that it found.
        refused: why it must not be set as a baseline; empty if it may.
    """

    model: str
    variant: str
    place: str
    entry: Entry
    refused: str

    @property
    def baseline(self) -> Entry:
        """The entry as it may stand in a baseline: without time if that was measured in too few boots."""
        return self.entry if not self.note else self.entry.model_copy(update={"latency_us": (), "ticks": ()})

    @property
    def note(self) -> str:
        """What the baseline leaves out."""
        boots = len(self.entry.latency_us)
        few = f"time is left out: {boots} of {LEAST_BOOTS} boots; run `tinygate gate --boots {LEAST_BOOTS}`"
        return few if 0 < boots < LEAST_BOOTS else ""


def newest_bundle(store: Path) -> Path:
    """Return the newest bundle of a store. Raises InputError: it has none."""
    found = sorted((store / BUNDLES).glob("*.zip"))
    if not found:
        raise InputError(
            f"{store}: no run is remembered there; run `tinygate gate` first, or name a report with --from"
        )
    return found[-1]


def candidates(path: Path) -> list[Candidate]:
    """Return what a run found, of every variant at the host and on the board.

    Args:
        path: a report's folder, or a bundle of the store.

    Raises:
        EvidenceError: the run has not ended, or its evidence is not whole: nothing of it can be a baseline.
    """
    bundle = verify(path)
    if bundle.problems:
        more = f" and {len(bundle.problems) - 1} more" if len(bundle.problems) > 1 else ""
        raise EvidenceError(f"{path}: {bundle.problems[0]}{more}; evidence that is not whole is no baseline")
    place = zipfile.Path(path) if path.is_file() else path
    verdict: dict[str, Any] = json.loads((place / "verdict.json").read_text(encoding="utf-8"))
    if verdict["run"] != bundle.run:
        raise EvidenceError(f"{path}: its verdict is that of run {verdict['run']}, its evidence that of {bundle.run}")
    artifacts = {(one["model"], one["variant"]): str(one.get("artifact_sha256", "")) for one in bundle.subjects}
    run = place / RUNS / bundle.run
    failed = _failed((run / "journal.jsonl").read_text(encoding="ascii"))
    found: list[Candidate] = []
    for row in verdict["variants"]:
        device = str(row.get("place", verdict["place"]))
        on_board = OnBoard(run / "logs" / device / f"{row['model']}-{row['variant']}")
        parts = {"model": artifacts.get((row["model"], row["variant"]), "")}
        found += _of_one(bundle.run, device, row, on_board, failed, parts)
    return list({(one.model, one.variant, one.place): one for one in found}.values())


def _of_one(
    run: str, device: str, row: dict[str, Any], on_board: OnBoard, failed: dict[str, list[str]], parts: dict[str, str]
) -> Iterator[Candidate]:
    model, variant = str(row["model"]), str(row["variant"])
    others = [check for check in failed.get(f"{model}-{variant}", []) if check not in BASELINE_CHECKS]
    verdict = Verdict(row["verdict"])
    refused = f"{others[0]} did not pass" if others else ""
    if not refused and verdict not in (Verdict.PASS, Verdict.FAIL) and not failed.get(f"{model}-{variant}"):
        refused = f"it is {verdict}"
    sizes = _sizes(row["figures"])
    if sizes.get(HOST):
        yield Candidate(model, variant, HOST, Entry(run=run, parts=parts, figures=sizes[HOST]), refused)
    setup = on_board.setup
    if setup is None or device not in sizes:
        return
    entry = Entry(
        run=run, conditions=dict(setup.conditions), parts=dict(setup.parts), figures=sizes[device],
        operators=tuple(setup.operators), **_time(on_board),
    )  # fmt: skip
    yield Candidate(model, variant, device, entry, refused)


def _sizes(figures: dict[str, float | int]) -> dict[str, dict[str, float | int]]:
    """Return the figures that are the same in every run, by place and name."""
    found: dict[str, dict[str, float | int]] = {}
    for told, value in figures.items():
        name, _, place = told.partition("@")
        if name in FIGURES and FIGURES[name].is_exact:
            found.setdefault(place, {})[name] = value
    return found


def _time(on_board: OnBoard) -> dict[str, Any]:
    """Return what boots measured of time as fields of an entry; nothing where the board knows none."""
    boots = [boot for boot in on_board.boots if boot.get("bench") and boot["bench"]["latency_us"]]
    if not boots:
        return {}
    mhz = on_board.hello["cpu_mhz"]
    latency = tuple(boot_latency_us(boot["bench"]["cycles"], boot["bench"]["latency_us"], mhz) for boot in boots)
    ticks = tuple(tuple(boot["profile"]["ticks"]) for boot in boots if boot.get("profile"))
    return {"latency_us": latency, "ticks": ticks if all(ticks) and len(ticks) == len(boots) else ()}


def _failed(journal: str) -> dict[str, list[str]]:
    """Return by variant the checks of a journal that did not pass."""
    found: dict[str, list[str]] = {}
    for line in journal.splitlines():
        record = json.loads(line)
        if record["kind"] == "test" and record["subject"] and record["verdict"] not in (None, str(Verdict.PASS)):
            found.setdefault(record["subject"], []).append(record["check"])
    return found


def chosen(found: Sequence[Candidate], models: Sequence[str], variants: Sequence[str]) -> list[Candidate]:
    """Return the candidates that are named, all if none is. Raises InputError: the run knows no such name."""
    for option, names, known in (
        ("--model", models, {one.model for one in found}),
        ("--variant", variants, {one.variant for one in found}),
    ):
        for name in names:
            if name not in known:
                raise InputError(f"{option} {name}: not in this run; it judged {', '.join(sorted(known)) or 'nothing'}")
    return [
        one for one in found if one.model in (models or (one.model,)) and one.variant in (variants or (one.variant,))
    ]
