"""What a firmware was made from: components by version, the configuration and the images by hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tinygate.targets.esp32.ingredients import ingredients

LOCK = """\
dependencies:
  espressif/esp-nn:
    component_hash: 0123
    dependencies: []
    source:
      registry_url: https://components.example.org/
      type: service
    version: 1.2.3
  espressif/esp-tflite-micro:
    component_hash: 4567
    dependencies:
    - name: espressif/esp-nn
      version: ^1.1.1
    source:
      type: service
    version: "1.4.0"
  idf:
    source:
      type: idf
    version: 5.1.2
direct_dependencies:
- espressif/esp-nn
manifest_hash: 89ab
target: esp32
version: 2.0.0
"""


def test_a_build_of_esp_idf_tells_of_components_configuration_and_images(tmp_path: Path) -> None:
    build, project = tmp_path / "build", tmp_path / "project"
    build.mkdir()
    project.mkdir()
    (project / "dependencies.lock").write_text(LOCK)
    (build / "sdkconfig").write_text("CONFIG_X=y\n")
    description = {"project_path": str(project), "config_file": str(build / "sdkconfig"), "target": "esp32"}
    (build / "project_description.json").write_text(json.dumps(description))
    (build / "flasher_args.json").write_text(json.dumps({"flash_files": {"0x10000": "app.bin"}}))
    (build / "app.bin").write_bytes(b"app")
    found = ingredients(build)
    assert found.components == {"espressif/esp-nn": "1.2.3", "espressif/esp-tflite-micro": "1.4.0", "idf": "5.1.2"}
    assert found.configuration_sha256 == hashlib.sha256(b"CONFIG_X=y\n").hexdigest()
    assert found.images == {"app.bin": hashlib.sha256(b"app").hexdigest()}


def test_a_folder_without_any_of_it_says_nothing(tmp_path: Path) -> None:
    found = ingredients(tmp_path)
    assert (found.components, found.configuration_sha256, found.images) == ({}, "", {})
