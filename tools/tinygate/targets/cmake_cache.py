"""What CMake remembers of a build folder: where it and its sources were. It refuses both when a checkout has moved."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

_PLACES = re.compile(r"^(CMAKE_HOME_DIRECTORY|CMAKE_CACHEFILE_DIR):INTERNAL=(.*)$", re.MULTILINE)


def forget_if_moved(build: Path, source: Path) -> None:
    """Remove a build folder that was configured elsewhere, or for sources elsewhere; the next build begins anew."""
    with contextlib.suppress(OSError):
        known = dict(_PLACES.findall((build / "CMakeCache.txt").read_text(encoding="utf-8", errors="replace")))
        here = {"CMAKE_HOME_DIRECTORY": source, "CMAKE_CACHEFILE_DIR": build}
        if any(os.path.realpath(known[name]) != os.path.realpath(path) for name, path in here.items() if name in known):
            shutil.rmtree(os.path.realpath(build))
