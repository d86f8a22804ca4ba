"""A team's own application in place of the sample: how it is built, and one sentence for each thing that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from idf_lab import Lab

from tinygate.errors import InputError
from tinygate.targets.esp32.component import write_component
from tinygate.targets.firmware import Application, BuildOrder
from tinygate.targets.stm32f4 import build as stm32f4


@pytest.fixture
def app(lab: Lab) -> Application:
    """An application with the component, configured as it should be."""
    project = lab.root / "app"
    write_component(project / "components" / "tinygate")
    (project / "CMakeLists.txt").write_text("include($ENV{IDF_PATH}/tools/cmake/project.cmake)\n")
    (project / "sdkconfig.small").touch()
    (lab.root / "build").mkdir()
    configure(lab, app_components(project), TINYGATE=True)
    return Application(project, Path("models/m/model.toml"), ("-DBOARD=devkit",), "sdkconfig.small")


def app_components(project: Path) -> dict[str, Any]:
    return {"tinygate": {"dir": str(project / "components" / "tinygate")}}


def configure(lab: Lab, components: dict[str, Any], **settings: bool) -> None:
    """Let the stand-in say so of its next build."""
    (lab.root / "build" / "sdkconfig.json").write_text(json.dumps(settings))
    description = {"build_component_info": components, "idf_path": str(lab.root / "idf")}
    (lab.root / "build" / "project_description.json").write_text(json.dumps(description))


def test_it_is_configured_looked_at_and_built(lab: Lab, app: Application) -> None:
    assert lab.build(application=app).built
    first, second = lab.asked
    assert (first.split()[-1], second.split()[-1]) == ("reconfigure", "build")
    assert "-DBOARD=devkit" in second
    assert f"-C {app.project}" in second
    assert ";sdkconfig.small;" in second.replace("SDKCONFIG_DEFAULTS=", ";")


def test_nothing_is_built_when_nothing_changed(lab: Lab, app: Application) -> None:
    lab.build(application=app)
    assert not lab.build(application=app).built
    assert lab.build(application=replace(app, arguments=())).built


def test_a_component_outside_the_project_is_a_source_too(lab: Lab, app: Application) -> None:
    (lab.root / "shared").mkdir()
    (lab.root / "shared" / "filter.c").write_text("one")
    configure(lab, app_components(app.project) | {"shared": {"dir": str(lab.root / "shared")}}, TINYGATE=True)
    lab.build(application=app)
    assert not lab.build(application=app).built
    (lab.root / "shared" / "filter.c").write_text("two")
    assert lab.build(application=app).built


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"project": Path("/nowhere")}, r"firmware\.project in models/m/model\.toml: /nowhere is no folder"),
        ({"overlay": "sdkconfig.big"}, r"firmware\.overlays in .*sdkconfig\.big is not there"),
    ],
)
def test_what_model_toml_names_must_be_there(lab: Lab, app: Application, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        lab.build(application=replace(app, **change))
    assert not lab.asked


def test_a_folder_that_is_no_project_is_refused(lab: Lab, app: Application) -> None:
    (app.project / "CMakeLists.txt").write_text("project(other)\n")
    with pytest.raises(InputError, match="is no ESP-IDF project"):
        lab.build(application=app)


def test_an_application_without_the_component_is_not_compiled(lab: Lab, app: Application) -> None:
    configure(lab, {"main": {"dir": "/app/main"}})
    with pytest.raises(InputError, match=r"has no component tinygate: add it with `tinygate component"):
        lab.build(application=app)
    assert [command.split()[-1] for command in lab.asked] == ["reconfigure"]


def test_what_was_built_to_ship_is_not_judged(lab: Lab, app: Application) -> None:
    lab.build(application=app)
    (lab.root / "build/build_esp32_ptq_int8/config/sdkconfig.json").write_text(json.dumps({"TINYGATE": False}))
    with pytest.raises(InputError, match=r"switched off \(CONFIG_TINYGATE\)"):
        lab.build(application=app, skip_build=True)


def test_another_versions_component_is_named_before_anything_is_compiled(lab: Lab, app: Application) -> None:
    (app.project / "components" / "tinygate" / "Kconfig").write_text("")
    with pytest.raises(InputError, match=r"components/tinygate: written by .*Kconfig.*write it anew with"):
        lab.build(application=app)


def test_another_family_says_that_it_cannot(tmp_path: Path, app: Application) -> None:
    order = BuildOrder("stm32f4", "qemu", tmp_path, "ptq_int8", b"", tmp_path, tmp_path / "log", application=app)
    with pytest.raises(InputError, match="for stm32f4 only tinygate's own firmware"):
        stm32f4.build(order)
