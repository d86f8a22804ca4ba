"""What a firmware was made from: its image, and the commits of the sources that it is built on."""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path

from tinygate.targets.firmware import Ingredients
from tinygate.targets.stm32f4.build import NAME, project

_COMMIT = re.compile(r"^\s+(\S+)\s+\S+/\S+\s+([0-9a-f]{40})\)?$", re.MULTILINE)


def ingredients(build: Path) -> Ingredients:
    """Return what is known; a build folder without its image says less."""
    images = {}
    with contextlib.suppress(OSError):
        image = build / f"{NAME}.bin"
        images[image.name] = hashlib.sha256(image.read_bytes()).hexdigest()
    pins = (project() / "cmake" / "sources.cmake").read_text(encoding="utf-8")
    return Ingredients(images, dict(_COMMIT.findall(pins)), "")
