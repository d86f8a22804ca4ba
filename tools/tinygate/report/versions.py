"""Who judges: versions of the packages that take part, and the commit."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version

_PACKAGES = ("tinygate", "pytest-embedded", "esptool", "numpy", "tflite-micro", "ai-edge-litert")


def versions() -> dict[str, str]:
    """Return each by name; "not installed" for what is not there."""
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return {"commit": _commit(), "machine": machine, **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return "not installed"


def _commit() -> str:
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "not a git checkout"
