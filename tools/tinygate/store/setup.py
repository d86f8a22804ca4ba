"""Under what a board measured: the conditions without which two figures cannot be compared, and the parts that may be
blamed when they differ.

A condition is what a team decides: chip, clock, memory, optimization, which kernel library and SDK. Another condition
is another question, and a baseline does not hold there. A part is what changes from one night to the next while the
question stays: the model, the firmware, a component's version, the toolchain's, the board itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinygate.errors import EvidenceError
from tinygate.redaction import redact
from tinygate.store.atomic import write_text

_AS_TOLD = (
    "target", "emulated", "cores", "cpu_mhz", "flash_mhz", "flash_mode", "external_ram_mhz", "optimization",
    "arena_placement",
)  # fmt: skip
_PARTS = {
    "model": "model_sha256",
    "firmware": "app_sha256",
    "component kernels": "kernels",
    "component TensorFlow Lite Micro": "tflm_version",
    "toolchain": "sdk",
    "board": "chip_id",
    "chip revision": "chip_revision",
}
"""Who may have changed → what a board's hello says of it."""

_SHOWN = 12  # characters of a hash


@dataclass(frozen=True)
class Setup:
    """What a firmware was measured with.

    Attributes:
        conditions: what must be the same for figures to be comparable.
        parts: who may be blamed for a difference.
        operators: of the model, in the order in which they run.
    """

    conditions: Mapping[str, str | int]
    parts: Mapping[str, str]
    operators: Sequence[str]

    @property
    def id(self) -> str:
        """A hash over all of it."""
        return hashlib.sha256(_text(self).encode()).hexdigest()[:_SHOWN]


def setup_of(
    hello: Mapping[str, Any], operators: Sequence[str] = (), made_from: Mapping[str, Any] | None = None
) -> Setup:
    """Return the setup that a board tells of.

    Args:
        hello: what it says of itself, by name.
        operators: those of its profile.
        made_from: `tinygate.targets.firmware.Ingredients` of its firmware, by name.
    """
    conditions = {name: hello[name] for name in _AS_TOLD}
    conditions |= {"kernel_library": _library(hello["kernels"]), "sdk": _library(hello["sdk"])}
    parts = {who: redact(str(hello[name])) for who, name in _PARTS.items()}
    made = made_from or {}
    parts |= {f"component {name}": str(number) for name, number in made.get("components", {}).items()}
    if made.get("configuration_sha256"):
        parts["sdkconfig"] = str(made["configuration_sha256"])
    return Setup(conditions, parts, list(operators))


def conditions_that_differ(of: Setup, other: Setup) -> tuple[str, ...]:
    """Return what two setups do not share, "cpu_mhz 240, now 160" each."""
    names = dict.fromkeys([*of.conditions, *other.conditions])
    pairs = ((name, of.conditions.get(name, "none"), other.conditions.get(name, "none")) for name in names)
    return tuple(f"{name} {before}, now {now}" for name, before, now in pairs if before != now)


def who_changed(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the parts that differ, "component kernels: esp-nn 1.2.3 → esp-nn 1.2.6" each."""
    names = dict.fromkeys([*before, *now])
    pairs = ((name, before.get(name, "none"), now.get(name, "none")) for name in names)
    return tuple(f"{name}: {_shown(old)} → {_shown(new)}" for name, old, new in pairs if old != new)


def keep_setup(folder: Path, setup: Setup) -> str:
    """Keep a setup in a store's folder under its name, which is returned."""
    path = folder / "setups" / f"{setup.id}.json"
    if not path.is_file():
        write_text(path, _text(setup) + "\n")
    return setup.id


def kept_setup(folder: Path, name: str) -> Setup:
    """Return the setup of a name. Raises EvidenceError: it is not there, or not what its name says."""
    path = folder / "setups" / f"{name}.json"
    try:
        setup = Setup(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise EvidenceError(f"{path}: no setup there ({error}); restore it from a copy of the store") from error
    if setup.id != name:
        raise EvidenceError(f"{path}: it was altered: its hash is {setup.id}; restore it from a copy of the store")
    return setup


def _library(text: str) -> str:
    return text.split(" ", 1)[0]


def _shown(value: str) -> str:
    is_hash = len(value) == hashlib.sha256().digest_size * 2 and set(value) <= set("0123456789abcdef")
    return f"{value[:_SHOWN]}…" if is_hash else value


def _text(setup: Setup) -> str:
    return json.dumps(asdict(setup), sort_keys=True)
