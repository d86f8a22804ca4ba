"""A folder with a firmware project, a model, and a stand-in for ESP-IDF that writes what a build leaves.

What a build of an application tells of itself is what sdkconfig.json and project_description.json say that lie beside the
build folders.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tinygate.targets.esp32.idf_build import ELF_SHA256_OFFSET, IdfBuild, Recipe, build_firmware
from tinygate.targets.firmware import Application

IDF_PY = f"""
import json, pathlib, sys
build = pathlib.Path(sys.argv[sys.argv.index("-B") + 1])
with (build.parent / "asked").open("a") as asked:
    print(*sys.argv[1:], file=asked)
if (build.parent / "broken").exists():
    sys.exit("main.cpp:7:1: error: expected ';' before '}}' token")
(build / "tinygate.bin").write_bytes(bytes({ELF_SHA256_OFFSET}) + bytes.fromhex("ab" * 32) + b"rest")
for name in ("config/sdkconfig.json", "project_description.json"):
    made, told = build / name, build.parent / pathlib.Path(name).name
    made.parent.mkdir(exist_ok=True)
    made.write_text(told.read_text() if told.exists() else "{{}}")
(build / "flasher_args.json").write_text(json.dumps({{"app": {{"file": "tinygate.bin"}}}}))
"""


class Lab:
    """A folder with a firmware project, a model and an ESP-IDF."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name, content in {
            "firmware/main/main.cpp": "int main;",
            "firmware/sdkconfig.defaults": "",
            "firmware/sdkconfig.ci.ptq_int8": "",
            "firmware/sdkconfig.qemu": "",
            "model/artifacts/ptq_int8.tflite": "model",
            "idf/tools/idf.py": IDF_PY,
            "idf/version.txt": "v5.1.7",
        }.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (root / "python/bin").mkdir(parents=True)
        (root / "python/bin/python").symlink_to(sys.executable)

    def build(
        self, skip_build: bool = False, arena_bytes: int | None = None, application: Application | None = None
    ) -> IdfBuild:
        project = application.project if application else self.root / "firmware"
        folders = project, "esp32", "ptq_int8", self.root / "model"
        qemu = str(self.root / "firmware" / "sdkconfig.qemu") if application else "sdkconfig.qemu"
        recipe = Recipe(*folders, overlays=(qemu,), arena_bytes=arena_bytes, application=application)
        return build_firmware(recipe, self.root / "build", self.root / "build.log", skip_build)

    @property
    def asked(self) -> list[str]:
        path = self.root / "build" / "asked"
        return path.read_text().splitlines() if path.is_file() else []
