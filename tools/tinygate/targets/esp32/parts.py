"""What each part of a firmware takes: the model, the interpreter, its kernels, and what answers the gate.

An object file belongs to a part by its archive; within TensorFlow Lite Micro's archive, to the kernels if its source
lies in a folder of kernels, which the build's compile commands tell.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tinygate.targets.sizes import Part

STATIC_RAM = ("DRAM", "DIRAM")
"""ESP32 has data RAM; later chips have one RAM for data and code."""

_NOT_IN_FLASH = (".bss", ".noinit")
_MODEL = "model.cpp.obj"


def kernels_of(build: Path) -> frozenset[str]:
    """Return the names of the object files that hold kernels; none where the build does not tell."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
        sources = (PurePosixPath(command["file"]) for command in commands)
        return frozenset(f"{source.name}.obj" for source in sources if "kernels" in source.parts)
    return frozenset()


def parts_of(files: Mapping[str, Any], kernels: frozenset[str]) -> Mapping[str, Part]:
    """Return what each part takes, by esp-idf-size's object files: "libmain.a:main.cpp.obj" and their memory types."""
    found = dict.fromkeys(("model", "interpreter", "kernels", "tinygate"), Part(0, 0))
    for name, file in files.items():
        part = _part_of(name, kernels)
        if part:
            before, here = found[part], _taken(file["memory_types"])
            found[part] = Part(before.flash_bytes + here.flash_bytes, before.static_ram_bytes + here.static_ram_bytes)
    return found


def _part_of(name: str, kernels: frozenset[str]) -> str:
    path, _, file = name.rpartition(":")
    archive = PurePosixPath(path).name.removeprefix("lib").removesuffix(".a").rpartition("__")[2]
    if archive == "tinygate":
        return "model" if file == _MODEL else "tinygate"
    if archive == "esp-nn":
        return "kernels"
    if archive == "esp-tflite-micro":
        return "kernels" if file in kernels else "interpreter"
    return ""


def _taken(memory_types: Mapping[str, Any]) -> Part:
    """Sum up the sections of one object file: all but zeroed data are in the image too."""
    flash = static = 0
    for memory, kind in memory_types.items():
        for section in kind["sections"].values():
            flash += 0 if section["abbrev_name"].startswith(_NOT_IN_FLASH) else section["size"]
        static += kind["size"] if memory in STATIC_RAM else 0
    return Part(flash, static)
