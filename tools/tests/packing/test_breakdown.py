"""Every byte of a .tflite has one purpose, and the sums are those of an independent count."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sound_model import sound_model
from stateful_models import running_total
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.errors import ModelFileError
from tinygate.packing.breakdown import PURPOSES, breakdown
from tinygate.packing.strip import strip
from tinygate.tflite import Buffer, Metadata, read_model
from tinygate.tflite.options import FullyConnectedOptions


def dense(*, bias: bool = True) -> ModelBuilder:
    build = ModelBuilder()
    x = build.tensor("x", (1, 3), "float32")
    w = build.constant("w", np.ones((5, 3), np.float32))
    b = [build.constant("b", np.ones(5, np.float32))] if bias else [-1]
    y = build.tensor("y", (1, 5), "float32")
    build.operator("FULLY_CONNECTED", [x, w, *b], [y], FullyConnectedOptions())
    return build


@pytest.mark.parametrize("content", [sound_model(), running_total(2.0), write_model(dense().model([0], [3]))])
def test_purposes_add_up_to_the_file(content: bytes) -> None:
    found = breakdown(content)
    assert list(found) == list(PURPOSES)
    assert sum(found.values()) == len(content)


def test_weights_and_biases_are_what_the_arrays_take() -> None:
    found = breakdown(write_model(dense().model([0], [3])))
    assert (found["weights"], found["biases"]) == (5 * 3 * 4, 5 * 4)


def test_weights_of_every_layer_count() -> None:
    content = sound_model()
    model = read_model(content)
    data = {t.name: len(t.data) for t in model.main.tensors}
    found = breakdown(content)
    assert found["weights"] == sum(size for name, size in data.items() if name.endswith("weights"))
    assert found["biases"] == sum(size for name, size in data.items() if name.endswith("bias"))
    assert found["other constants"] == data["axes"]


def test_names_are_counted_with_length_and_end() -> None:
    build = dense(bias=False)
    short = breakdown(write_model(build.model([0], [2])))
    build.tensors[0] = replace(build.tensors[0], name="x" * 33)
    assert breakdown(write_model(build.model([0], [2])))["names"] - short["names"] == 32


def test_what_nobody_names_is_told() -> None:
    model = dense().model([0], [3])
    extended = replace(
        model,
        buffers=(*model.buffers, Buffer(b"seven77", 0), Buffer(b"1.2.3", 0)),
        metadata=(Metadata("version", len(model.buffers) + 1),),
    )
    found, before = breakdown(write_model(extended)), breakdown(write_model(model))
    assert found["unused buffers"] == len(b"seven77")
    assert found["metadata"] - before["metadata"] >= len(b"1.2.3") + len("version")


def test_what_is_appended_is_left_over_and_zeros_are_padding() -> None:
    content = sound_model()
    before = breakdown(content)
    appended, padded = breakdown(content + b"\1\2\3"), breakdown(content + bytes(3))
    assert appended["left over"] == 3 + padded["padding"] - 3 - before["padding"]
    assert padded["padding"] == before["padding"] + 3


def test_scales_and_zero_points_of_a_channel_are_twelve_bytes() -> None:
    def of(channels: int) -> int:
        build = ModelBuilder()
        x = build.tensor("x", (1, 3), "int8", [0.1], [0])
        w = build.constant("w", np.ones((8, 3), np.int8), [0.5] * channels, [0] * channels)
        y = build.tensor("y", (1, 8), "int8", [0.1], [0])
        build.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
        return breakdown(write_model(build.model([x], [y])))["quantization parameters"]

    assert of(8) - of(1) == 7 * 12


def test_text_is_no_model() -> None:
    with pytest.raises(ModelFileError):
        breakdown(b"no model at all, only words")


def test_the_manuals_table_is_what_the_code_counts() -> None:
    section = Path("docs/study.md").read_text().split("## Where the bytes go")[1].split("\n## ")[0]
    rows = re.findall(r"^\| \**([\w ]+)\**[^|]*\| (.*) \|$", section, re.MULTILINE)
    told = {name.strip(): [int(c.strip("* ").replace(",", "")) for c in cells.split("|")] for name, cells in rows[1:]}
    contents = [Path(f"models/gesture/artifacts/{name}.tflite").read_bytes() for name in ("float32", "ptq_int8")]
    contents.append(strip(contents[1]))
    assert told.pop("file") == [len(content) for content in contents]
    found = [breakdown(content) for content in contents]
    assert told == {name: [each[name] for each in found] for name in told}
    assert {"weights", "graph", "quantization parameters"} <= told.keys()
