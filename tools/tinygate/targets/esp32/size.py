"""What a firmware takes: its image, and flash and RAM per section and per component, by ESP-IDF's own esp-idf-size.

The figures are written beside the build, so that a lab machine that only has build artifacts knows them too.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinygate.errors import InputError
from tinygate.store.atomic import write_text
from tinygate.targets.esp32.parts import STATIC_RAM, kernels_of, parts_of
from tinygate.targets.sizes import Memory, Part, Sizes

_RECORD = "tinygate_sizes.json"
_TIMEOUT_S = 60


def sizes_of(build: Path) -> Sizes:
    """Return the sizes of the firmware in a build folder, as recorded there, or measured now and recorded.

    Raises:
        InputError: nothing is recorded and they cannot be measured: no map file, or no esp-idf-size.
    """
    record, map_file = build / _RECORD, _map_file(build)
    if record.is_file() and (map_file is None or record.stat().st_mtime_ns >= map_file.stat().st_mtime_ns):
        content = json.loads(record.read_text(encoding="utf-8"))
        parts = {name: Part(**part) for name, part in content.get("parts", {}).items()}
        return Sizes(tuple(_recorded(memory) for memory in content["memories"]), content["components"], parts)
    if map_file is None:
        raise InputError(f"{build}: neither {_RECORD} nor the linker's map file is there; build it where ESP-IDF is")
    sizes = parse(_esp_idf_size(map_file), _esp_idf_size(map_file, "--files"), kernels_of(build))
    write_text(record, json.dumps(asdict(sizes), indent=1) + "\n")
    return sizes


def parse(summary: Mapping[str, Any], files: Mapping[str, Any], kernels: frozenset[str] = frozenset()) -> Sizes:
    """Read esp-idf-size's json2 output: the summary, and the one per object file.

    `kernels` names the object files that hold kernels; without it nothing is said of parts.
    """
    memories = tuple(
        Memory(
            kind["name"],
            kind["used"],
            kind["total"],
            {name: part["size"] for name, part in kind["parts"].items()},
            holds_static_data=kind["name"] in STATIC_RAM,
        )
        for kind in summary["layout"]
    )
    components: Counter[str] = Counter()
    for name, file in files.items():
        components[_archive_of(name)] += int(file["size"])
    return Sizes(memories, dict(components.most_common()), parts_of(files, kernels) if kernels else {})


def _archive_of(name: str) -> str:
    """Return the archive of "esp-idf/main/libmain.a:main.cpp.obj"."""
    return name.rpartition(":")[0].rpartition("/")[2]


def _recorded(memory: Mapping[str, Any]) -> Memory:
    return Memory(**{**memory, "holds_static_data": memory["name"] in STATIC_RAM})


def _map_file(build: Path) -> Path | None:
    try:
        elf = json.loads((build / "project_description.json").read_text(encoding="utf-8"))["app_elf"]
    except (OSError, ValueError, KeyError):
        return None
    path = (build / elf).with_suffix(".map")
    return path if path.is_file() else None


def _esp_idf_size(map_file: Path, *options: str) -> Mapping[str, Any]:
    idf_python = Path(os.environ.get("IDF_PYTHON_ENV_PATH", ""), "bin", "python")
    python = sys.executable if importlib.util.find_spec("esp_idf_size") else str(idf_python)
    command = [python, "-m", "esp_idf_size", "--format", "json2", *options, str(map_file)]
    environment = {**os.environ, "ESP_IDF_SIZE_NG": "1"}  # versions before 2 have json2 in their new form only
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
        found: Mapping[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        said = str(getattr(error, "stderr", "") or error).strip().splitlines()[-1:]
        raise InputError(
            f"{map_file}: esp-idf-size cannot read it ({' '.join(said)}); "
            "run it where ESP-IDF is active, or `pip install esp-idf-size`"
        ) from error
    return found
