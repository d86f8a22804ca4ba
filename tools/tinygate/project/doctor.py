"""`tinygate doctor`: what this machine can do, and for each thing that it cannot the command that mends it.

Nothing is opened or probed: a port that is opened resets the board behind it.
"""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tinygate.extras import EXTRAS, is_installed
from tinygate.targets import FAMILIES
from tinygate.targets.ability import Ability

_PORTS = ("dev/serial/by-id/*", "dev/ttyUSB*", "dev/ttyACM*", "dev/cu.usb*")


def abilities(environment: Mapping[str, str] = os.environ, root: Path = Path("/")) -> Iterator[Ability]:
    """Yield what there is to know, what is needed most first.

    Args:
        environment: where toolchains say where they are.
        root: of the file system, for tests.
    """
    yield _python()
    yield _packages("host suite", "gate", "pytest pytest-embedded ai-edge-litert scipy", needed=True)
    yield _packages("virtual board", "gate", "esptool pytest-embedded-serial-esp pyserial", needed=True)
    yield _packages("oracle", "oracle", "tflite-micro", needed=True)
    for family in FAMILIES:
        yield from family.abilities(environment)
    yield _packages("QEMU boards", "lab", "pytest-embedded-qemu")
    yield from _ports(root)
    yield _packages("training", "train", "tensorflow tf_keras")


def _python() -> Ability:
    good = (3, 11) <= sys.version_info[:2] <= (3, 13)
    remedy = "" if good else "python3.12 -m venv .venv && .venv/bin/pip install 'tinygate[gate,oracle]'"
    return Ability(
        "Python", good, f"{platform.python_version()}, {platform.system()} {platform.machine()}", remedy, True
    )


def _packages(name: str, extra: str, packages: str, needed: bool = False) -> Ability:
    found = {package: _version(package) for package in packages.split()}
    missing = [package for package, number in found.items() if not number]
    missing += [module for module in EXTRAS[extra] if not missing and not needed and not is_installed(module)]
    if not missing:
        return Ability(name, True, ", ".join(f"{package} {number}" for package, number in found.items()), "", needed)
    if extra == "oracle" and (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        why = "TensorFlow Lite Micro has no wheel for this machine; LiteRT's reference kernels stand in on the host"
        return Ability(name, False, why, "run the gate on Linux on x86-64", needed)
    return Ability(name, False, f"no {', '.join(missing)}", f"pip install 'tinygate[{extra}]'", needed)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _ports(root: Path) -> Iterator[Ability]:
    found = {path.resolve(): path for pattern in reversed(_PORTS) for path in sorted(root.glob(pattern))}
    if not found:
        yield Ability("ports", False, "no serial port", "plug a board in; in a container pass the device through")
    for device, named in sorted(found.items()):
        if os.access(device, os.R_OK | os.W_OK):
            yield Ability("port", True, f"{named}")
        else:
            yield Ability("port", False, f"{named} may not be opened by you", _permission(device))


def _permission(device: Path) -> str:
    import grp

    try:
        status = device.stat()
        if status.st_mode & stat.S_IRGRP and status.st_mode & stat.S_IWGRP:
            return f"sudo usermod -aG {grp.getgrgid(status.st_gid).gr_name} $USER, then log in again"
    except (OSError, KeyError):
        return f"see who may open it: ls -l {device}"
    return f"sudo chmod g+rw {device}, or a udev rule that does"
