"""What emulators counted of an inference: kept beside a model as data, each with the file and toolchain it holds for.

`cycles.toml` in a model's folder:

    [[run]]
    target = "chip"
    unit = "emulated cycles"
    counted_by = "emulator and options; compiler, runtime and kernels with their versions"
    ptq_int8 = { sha256 = "…", count = 6_681_619 }

A count of another file than the one at hand is no evidence, and is left out.
"""

from __future__ import annotations

import hashlib
import tomllib
from typing import Any

from tinygate.errors import ConfigError
from tinygate.model.folder import Model
from tinygate.study.evidence import Work

FILE = "cycles.toml"
_WORDS = ("target", "unit", "counted_by")


def work_of(model: Model, variant: str, content: bytes) -> dict[str, Work]:
    """Return what was counted of this very file, by target. Raises ConfigError: cycles.toml cannot be used."""
    path = model.folder / FILE
    if not path.is_file():
        return {}
    try:
        runs = tomllib.loads(path.read_text(encoding="utf-8"))["run"]
        return dict(_counts(runs, variant, hashlib.sha256(content).hexdigest()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: cannot be used ({error}); expected [[run]] with target, unit, counted_by, and for each variant "
            "sha256 and count."
        ) from error


def _counts(runs: list[dict[str, Any]], variant: str, sha256: str) -> list[tuple[str, Work]]:
    return [
        (run["target"], Work(int(run[variant]["count"]), run["unit"], run["counted_by"]))
        for run in runs
        if all(isinstance(run[word], str) for word in _WORDS) and run.get(variant, {}).get("sha256") == sha256
    ]
