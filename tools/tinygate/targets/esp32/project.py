"""Where the ESP-IDF project stands: in the checkout, or in the installed package, which is copied before it is built.

ESP-IDF's component manager writes into the project (managed_components, dependencies.lock). An installed package is not
ours to write to, and may be read-only.
"""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

from tinygate.targets.firmware import PACKAGE, firmware_folder


def firmware_project(build_root: Path, package: Path = PACKAGE) -> Path:
    """Return the project's folder, below `build_root` when it is a copy; a copy follows the package's files.

    Args:
        build_root: where build folders stand.
        package: the folder of tinygate.
    """
    installed = firmware_folder(package)
    if not installed.is_relative_to(package):
        return installed  # a checkout's own
    copy = build_root / "firmware"
    files = {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()}
    if copy.is_dir() and _files_beside(copy, files):
        shutil.rmtree(copy)  # made from another version of tinygate
    for file in sorted(files):
        target = copy / file
        if not target.is_file() or not filecmp.cmp(installed / file, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(installed / file, target)
    return copy


def _files_beside(copy: Path, files: set[Path]) -> bool:
    """Return whether sources lie in a copy that the package does not have."""
    sources = (
        path.relative_to(copy) for folder in ("components", "main", "cmake") for path in (copy / folder).rglob("*")
    )
    return any(path not in files for path in sources if (copy / path).is_file())
