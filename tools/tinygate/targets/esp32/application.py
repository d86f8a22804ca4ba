"""A team's own application: an ESP-IDF project with the component `tinygate`, judged in place of the sample.

What is wrong with one is said in one sentence: before it is built as far as the project's files tell, the rest when
ESP-IDF has configured it, which takes seconds, and not after minutes of compiling.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinygate.errors import InputError
from tinygate.targets.esp32.component import NAME, differs_from_ours
from tinygate.targets.firmware import Application

_ADD_IT = f"add it with `tinygate component <project>/components/{NAME}`"


def check_project(application: Application) -> None:
    """Raise InputError unless the folder is an ESP-IDF project that has the overlay that is named."""
    project = application.project
    where = f"firmware.project in {application.named_in}"
    if not project.is_dir():
        raise InputError(f"{where}: {project} is no folder; expected an ESP-IDF project, from the model's folder")
    listed = project / "CMakeLists.txt"
    if not listed.is_file() or "project.cmake" not in listed.read_text(encoding="utf-8", errors="replace"):
        raise InputError(
            f"{where}: {project} is no ESP-IDF project: it has no CMakeLists.txt that includes project.cmake"
        )
    overlay = application.overlay
    if overlay and not (project / overlay).is_file():
        raise InputError(
            f"firmware.overlays in {application.named_in}: {project / overlay} is not there; expected an sdkconfig file"
        )


def check_configured(application: Application, build: Path) -> None:
    """Raise InputError unless a configured build folder has this tinygate's component, and has it switched on."""
    settings, component = _json(build / "config" / "sdkconfig.json"), component_folder(build)
    if "TINYGATE" not in settings or component is None:
        raise InputError(f"{application.project}: the application has no component {NAME}: {_ADD_IT}, and require it")
    if not settings["TINYGATE"]:
        raise InputError(
            f"{build}: built with the component {NAME} switched off (CONFIG_TINYGATE), as it ships: nobody answers "
            "there; build what is judged with CONFIG_TINYGATE=y"
        )
    if component.is_dir() and (difference := differs_from_ours(component)):
        raise InputError(f"{component}: {difference}; write it anew with `tinygate component {component}`")


def component_folder(build: Path) -> Path | None:
    """Return where a configured build folder has the component from."""
    return next((path for name, path in _components(build) if name.endswith(NAME)), None)


def further_sources(build: Path, project: Path) -> tuple[Path, ...]:
    """Return the folders of a build's components that are neither the project's nor ESP-IDF's."""
    idf = Path(str(_json(build / "project_description.json").get("idf_path", "")))
    roots = (project.absolute(), idf)
    folders = (path for _, path in _components(build))
    return tuple(path for path in folders if path.is_dir() and not any(path.is_relative_to(root) for root in roots))


def _components(build: Path) -> list[tuple[str, Path]]:
    listed = _json(build / "project_description.json").get("build_component_info", {})
    return [(name, Path(about["dir"])) for name, about in listed.items()]


def _json(path: Path) -> Mapping[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
