"""What a run leaves in its folder of one variant on a board, as the store and the evidence tell of it."""

from __future__ import annotations

import contextlib
import json
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from tinygate.store.setup import Setup, setup_of


@dataclass(frozen=True)
class OnBoard:
    """The files of one variant, beside its logs; empty where it was not measured."""

    folder: Path | zipfile.Path

    @cached_property
    def boots(self) -> list[dict[str, Any]]:
        """Each boot as `tinygate.board.evidence.Run` tells of it."""
        with contextlib.suppress(OSError, KeyError, ValueError):
            lines = (self.folder / "boots.jsonl").read_text(encoding="ascii").splitlines()
            return [json.loads(line) for line in lines]
        return []

    @cached_property
    def made_from(self) -> dict[str, Any]:
        """`tinygate.targets.firmware.Ingredients` of its firmware."""
        with contextlib.suppress(OSError, KeyError, ValueError):
            return dict(json.loads((self.folder / "firmware.json").read_text(encoding="ascii")))
        return {}

    @property
    def hello(self) -> dict[str, Any]:
        """What the board said of itself; empty where it was not measured."""
        return dict(self.boots[0]["hello"]) if self.boots else {}

    @property
    def setup(self) -> Setup | None:
        """Under what it was measured."""
        return setup_of(self.hello, self.operators, self.made_from) if self.boots else None

    @property
    def operators(self) -> list[str]:
        """Those of the profile, in the order in which they run."""
        profile = self.boots[0].get("profile") if self.boots else None
        return list(profile["operators"]) if profile else []

    @property
    def ticks(self) -> list[float]:
        """Per operator, the median over boots; empty where the board knows no time."""
        profiles = [boot["profile"]["ticks"] for boot in self.boots if boot.get("profile")]
        return [median(of_one) for of_one in zip(*profiles, strict=False)]
