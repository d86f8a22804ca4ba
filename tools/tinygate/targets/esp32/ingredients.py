"""What a firmware was made from, read from its build folder: images, sdkconfig, versions of managed components."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tinygate.targets.firmware import Ingredients

_DEPENDENCY = re.compile(r"^  (\S+):\n(?:    .*\n)*?    version: [\"']?([^\s\"']+)", re.MULTILINE)


def ingredients(build: Path) -> Ingredients:
    """Return what is known; a build folder without one of the files says less."""
    description = _json(build / "project_description.json")
    configuration = Path(str(description.get("config_file", build / "sdkconfig")))
    files = _json(build / "flasher_args.json").get("flash_files")
    named = [build / str(name) for name in files.values()] if isinstance(files, dict) else sorted(build.glob("*.elf"))
    images = {path.name: digest for path in named if (digest := _sha256(path))}
    project = Path(str(description.get("project_path", build)))
    locks = (project / "dependencies.lock", project / f"dependencies.lock.{description.get('target')}")
    return Ingredients(images, dict(_components(*locks)), _sha256(configuration))


def _components(*locks: Path) -> Iterator[tuple[str, str]]:
    """Yield name and version of each component that the package manager has resolved."""
    for lock in locks:
        with contextlib.suppress(OSError):
            yield from _DEPENDENCY.findall(lock.read_text(encoding="utf-8", errors="replace"))


def _json(path: Path) -> dict[str, object]:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {}


def _sha256(path: Path) -> str:
    with contextlib.suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""
