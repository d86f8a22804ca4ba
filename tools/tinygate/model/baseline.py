"""baseline.json of a model's folder: what its variants measured when a team said that this is how it shall be.

It is set by `tinygate baseline set`, reviewed and committed like code, and never advanced by a run. Each entry carries
the conditions that it holds for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tinygate.errors import ConfigError
from tinygate.store.atomic import write_text
from tinygate.store.setup import Setup

NAME = "baseline.json"
LEAST_BOOTS = 20
"""Boots that an entry must hold for time to be judged by it."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Entry(_Table):
    """One variant at one place.

    Attributes:
        run: the run that it was set from.
        conditions, parts, operators: under what it was measured, see `tinygate.store.setup`; all empty for the host.
        figures: those that are the same in every run, by name.
        latency_us: of each boot, the median over its invocations; empty where time was not measured, or too seldom.
        ticks: of each boot, the ticks of each operator in a run with the profiler.
    """

    run: str
    conditions: dict[str, str | int] = Field(default_factory=dict)
    parts: dict[str, str] = Field(default_factory=dict)
    operators: tuple[str, ...] = ()
    figures: dict[str, int | float]
    latency_us: tuple[float, ...] = ()
    ticks: tuple[tuple[float, ...], ...] = ()

    @property
    def setup(self) -> Setup:
        """Under what it was measured."""
        return Setup(self.conditions, self.parts, self.operators)

    @property
    def timed(self) -> int:
        """How many figures of time it holds: latency, and the ticks of each operator."""
        return bool(self.latency_us) + (len(self.operators) if self.ticks else 0)


class Baseline(_Table):
    """A whole baseline.json: variant → place → entry."""

    schema_version: Literal[1] = 1
    variants: dict[str, dict[str, Entry]] = Field(default_factory=dict)

    def entry(self, variant: str, place: str) -> Entry | None:
        """Return a variant's entry at a place; None where no baseline was set."""
        return self.variants.get(variant, {}).get(place)

    def with_entries(self, entries: Mapping[tuple[str, str], Entry]) -> Baseline:
        """Return it with further or other entries, by variant and place."""
        variants = {name: dict(places) for name, places in self.variants.items()}
        for (variant, place), entry in entries.items():
            variants.setdefault(variant, {})[place] = entry
        return Baseline(variants=variants)


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.json; an empty baseline where there is none.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    if not path.exists():
        return Baseline()
    try:
        found = Baseline.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); restore it (git checkout)") from error
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ConfigError(
            f"{path}: {key}: {problem['msg']}; restore it (git checkout), or set it anew by `tinygate baseline set`"
        ) from error
    for name, places in found.variants.items():
        for place, entry in places.items():
            if entry.ticks and {len(boot) for boot in entry.ticks} != {len(entry.operators)}:
                key = f"variants.{name}.{place}"
                raise ConfigError(f"{path}: {key}: not as many ticks as operators; restore it (git checkout)")
    return found


def save_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline.json that reads well in a review: sorted, a list of numbers on one line."""
    text = json.dumps(baseline.model_dump(exclude_defaults=True) | {"schema_version": 1}, indent=1, sort_keys=True)
    write_text(path, re.sub(r"\[[^\[\]{}\"]*\]", lambda found: " ".join(found[0].split()), text) + "\n")


def boot_latency_us(cycles: Sequence[int], latency_us: Sequence[int], cpu_mhz: int) -> float:
    """Return what stands for a boot: the median over its invocations, in cycles' resolution where they are known."""
    return round(median(cycles) / cpu_mhz, 3) if cycles and cpu_mhz else float(median(latency_us))
