"""What each check is asked of: every case has an id of its own, the one that pytest shows too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.gate.cases import cases_of, expected_checks
from tinygate.model.selection import Selection, select

TOML = """
schema_version = 1
title = "A model"
[variants.float32]
[variants.ptq_int8]
"""
RULE = """
[[rules]]
figure = "arena_used_bytes"
variant = "ptq_int8"
relative_to = "float32"
places = ["esp32-virtual"]
max_ratio = {}
"""
MARGIN = """
[[margins]]
variant = "ptq_int8"
relative_to = "float32"
max_drop_points = {}
"""


@pytest.fixture
def twice(tmp_path: Path) -> Selection:
    (tmp_path / "toy").mkdir()
    relations = [RULE.format(0.9), RULE.format(0.7), MARGIN.format(2.0), MARGIN.format(0.5)]
    (tmp_path / "toy" / "model.toml").write_text(TOML + "".join(relations))
    return select(tmp_path, (), ())


@pytest.mark.parametrize("parameter", ["target_rule", "margin"])
def test_two_relations_of_the_same_variants_are_two_cases(twice: Selection, parameter: str) -> None:
    first, second = (case.id for case in cases_of(parameter, twice, ("esp32-virtual",)))
    assert second == f"{first}-2"


def test_every_check_is_expected_once(twice: Selection) -> None:
    expected = [(wanted.check, wanted.case) for wanted in expected_checks(twice, ("esp32-virtual",))]
    assert len(expected) == len(set(expected))
