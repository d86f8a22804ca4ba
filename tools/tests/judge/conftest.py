"""A model folder with two variants, as the gate reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.model.folder import Model, load_model

TOML = """
schema_version = 1
title = "A model"
[variants.float32]
[variants.ptq_int8]
[budgets.esp32.ptq_int8]
arena_used_bytes = 6000
accuracy_percent = 90.0
[[rules]]
figure = "arena_used_bytes"
variant = "ptq_int8"
relative_to = "float32"
places = ["esp32"]
min_ratio = 0.1
max_ratio = 0.7
"""


@pytest.fixture
def toy(tmp_path: Path) -> Model:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "model.toml").write_text(TOML)
    return load_model(tmp_path / "toy")
