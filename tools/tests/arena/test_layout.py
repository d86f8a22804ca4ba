"""Sizes of structures: data files that are whole, and records that differ from them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tinygate.arena import TARGETS, Layout, as_json, differences, load_layout
from tinygate.arena import layout as layout_module
from tinygate.arena.kernels import REFERENCE
from tinygate.errors import ConfigError
from tinygate.protocol import Layout as LayoutRecord

ROOT = Path(__file__).parents[3]
FOLDER = Path(layout_module.__file__).with_name("layouts")
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def record_of(layout: Layout) -> LayoutRecord:
    """What firmware with these structures would send."""
    names = tuple(layout.structures)
    sizes, alignments = zip(*layout.structures.values(), strict=True)
    return LayoutRecord(names, sizes, alignments)


def test_every_target_has_its_file_and_every_file_its_target() -> None:
    assert {target.layout_name for target in TARGETS.values()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_as_it_would_be_written(name: str) -> None:
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == as_json(load_layout(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_knows_every_structure_that_a_kernel_takes(name: str) -> None:
    layout = load_layout(name)
    parameters = {kernel.parameters for kernel in REFERENCE.values() if kernel.parameters}
    with_init = {operator for operator, kernel in REFERENCE.items() if kernel.init.__name__ == "_init"}
    assert sorted(n for n in parameters | with_init if not layout.knows(n)) == []


def test_the_record_of_the_same_firmware_differs_in_nothing() -> None:
    layout = load_layout(NAMES[0])
    record = record_of(layout)
    assert differences(layout, record.names, record.sizes, record.alignments) == ()


def test_a_structure_four_bytes_larger_is_named() -> None:
    layout = load_layout(NAMES[0])
    size, alignment = layout.structures["TfLiteEvalTensor"]
    doctored = layout.model_copy(update={"structures": layout.structures | {"TfLiteEvalTensor": (size + 4, alignment)}})
    record = record_of(doctored)
    (sentence,) = differences(layout, record.names, record.sizes, record.alignments)
    assert sentence.startswith(f"TfLiteEvalTensor has {size + 4} bytes")
    assert f"{size} aligned" in sentence


def test_an_operator_whose_kernel_takes_more_is_named() -> None:
    layout = load_layout(NAMES[0])
    sentences = differences(layout, ["CONV_2D", "NotYetInvented"], [999, 4], [16, 4])
    assert [sentence.split()[0] for sentence in sentences] == ["CONV_2D"]


def test_the_firmware_tells_of_every_structure_with_parsed_options() -> None:
    source = (ROOT / "firmware/components/tinygate/inference/src/layout.cpp").read_text(encoding="utf-8")
    told = {f"TfLite{name}Params" for name in re.findall(r"TINYGATE_PARAMETERS\((\w+)\),", source)}
    assert told == {kernel.parameters for kernel in REFERENCE.values() if kernel.parameters}


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="no-such"):
        load_layout("no-such")


def test_a_file_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="sizes"):
        Layout.model_validate_json(json.dumps({"schema_version": 1, "sizes": {}}))
