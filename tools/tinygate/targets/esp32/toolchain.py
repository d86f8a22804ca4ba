"""Whether firmware for this family can be built and emulated on this machine; nothing is run to find out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tinygate.targets.ability import Ability

_LOWEST_IDF = (5, 1)


def abilities(environment: Mapping[str, str]) -> Iterator[Ability]:
    """Yield what there is of ESP-IDF and QEMU."""
    yield _idf(environment)
    yield _qemu(environment)


def _idf(environment: Mapping[str, str]) -> Ability:
    """Whether firmware for a real chip can be built here."""
    folder = Path(environment.get("IDF_PATH") or "-")
    if not (folder / "tools" / "idf.py").is_file():
        missing = f"IDF_PATH is {folder}, no ESP-IDF" if environment.get("IDF_PATH") else "IDF_PATH is not set"
        advice = "install ESP-IDF 5.1 or newer, then `. $IDF_PATH/export.sh`; or bring build folders and --skip-build"
        return Ability("ESP-IDF", False, missing, advice)
    file = folder / "version.txt"
    number = file.read_text(encoding="utf-8").strip() if file.is_file() else environment.get("ESP_IDF_VERSION", "")
    if not Path(environment.get("IDF_PYTHON_ENV_PATH", ""), "bin", "python").is_file():
        return Ability("ESP-IDF", False, f"{folder}, not activated", f". {folder}/export.sh")
    parts = tuple(int(part) for part in number.lstrip("v").split("-")[0].split(".")[:2] if part.isdigit())
    if parts and parts < _LOWEST_IDF:
        return Ability("ESP-IDF", False, f"{number} in {folder}", "install ESP-IDF 5.1 or newer")
    return Ability("ESP-IDF", True, f"{number or 'version unknown'} in {folder}")


def _qemu(environment: Mapping[str, str]) -> Ability:
    name, path = "QEMU", environment.get("PATH", "")
    found = [program for program in ("qemu-system-xtensa", "qemu-system-riscv32") if shutil.which(program, path=path)]
    if found:
        return Ability(name, True, ", ".join(found))
    remedy = "python $IDF_PATH/tools/idf_tools.py install qemu-xtensa qemu-riscv32, then `. $IDF_PATH/export.sh`"
    return Ability(name, False, "no qemu-system-xtensa on PATH", remedy)
