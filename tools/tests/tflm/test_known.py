"""Known errors of released kernels, each on a small model: found for its target and version, and nowhere else."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tinygate.errors import InputError
from tinygate.flatbuffer.build import ModelBuilder
from tinygate.flatbuffer.options import (
    BranchOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    SoftmaxOptions,
)
from tinygate.flatbuffer.writer import write_model
from tinygate.quant.audit import audit
from tinygate.tflm.known import ESP_TARGETS, KNOWN_ERRORS, PINNED, known_errors

ROOT = Path(__file__).parents[3]


def convolution(size: int, *, stride: int = 2, channels: int = 16, deep: bool = False, padding: str = "SAME") -> bytes:
    """A 3 x 3 int8 convolution; SAME pads an even size unevenly at stride 2, behind only."""
    build = ModelBuilder()
    out = -(-size // stride) if padding == "SAME" else -(-(size - 2) // stride)
    x = build.tensor("x", (1, size, size + 1, channels), "int8", [0.1], [0])
    shape = (1, 3, 3, channels) if deep else (channels, 3, 3, channels)
    w = build.constant("w", np.full(shape, 127, np.int8), [0.01], [0])
    b = build.constant("b", np.zeros(channels, np.int32), [0.001], [0])
    wide = -(-(size + 1) // stride) if padding == "SAME" else -(-(size - 1) // stride)
    y = build.tensor("y", (1, out, wide, channels), "int8", [1.0], [0])
    plain = Conv2DOptions(padding, stride, stride)
    options = DepthwiseConv2DOptions(padding, stride, stride, 1) if deep else plain
    build.operator("DEPTHWISE_CONV_2D" if deep else "CONV_2D", [x, w, b], [y], options, version=3)
    return write_model(build.model([x], [y]))


def dense(rows: int, depth: int, *, dtype: str = "int8", scales: int = 1) -> bytes:
    build = ModelBuilder()
    x = build.tensor("x", (rows, depth), dtype, [0.1], [0])
    w = build.constant("w", np.full((4, depth), 127, np.int8), [0.01] * scales, [0] * scales)
    y = build.tensor("y", (rows, 4), dtype, [1.0], [0])
    build.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions(), version=4)
    return write_model(build.model([x], [y]))


def softmax(*shape: int) -> bytes:
    build = ModelBuilder()
    x, y = build.tensor("x", shape, "int8", [0.1], [0]), build.tensor("y", shape, "int8", [1 / 256], [-128])
    build.operator("SOFTMAX", [x], [y], SoftmaxOptions(1.0), version=2)
    return write_model(build.model([x], [y]))


def loops(count: int) -> bytes:
    build = ModelBuilder()
    values = [build.tensor(f"t{i}", (1,), "int32") for i in range(count + 1)]
    for before, after in pairwise(values):
        build.operator("WHILE", [before], [after], BranchOptions(0, 0))
    return write_model(build.model(values[:1], values[-1:]))


def found(model: bytes, target: str, **versions: str) -> set[str]:
    report = audit(model, target=target, versions={key.replace("_", "-"): v for key, v in versions.items()})
    return {f.code for f in report.findings} & {"TG-Q044", "TG-Q058", "TG-Q059"}


WRONG = {
    "16x8-fully-connected-per-channel": (dense(1, 16, dtype="int16", scales=4), dense(1, 16, dtype="int16")),
    "asymmetric-same-padding": (convolution(9), convolution(9, stride=1)),
    "short-depthwise-scratch": (convolution(9, deep=True), convolution(9, stride=1, deep=True)),
    "misaligned-rows": (dense(2, 20), dense(2, 32)),
    "softmax-scratch": (softmax(1, 2, 2, 8), softmax(1, 8, 2, 2)),
    "second-loop": (loops(2), loops(1)),
}


@pytest.mark.parametrize("entry", KNOWN_ERRORS, ids=lambda entry: entry.name)
def test_a_known_error_is_found_where_it_is_and_not_beside_it(entry) -> None:
    wrong, right = WRONG[entry.name]
    for target in ("", *ESP_TARGETS):
        concerned = not entry.targets or target in entry.targets
        assert (entry.rule in found(wrong, target)) == concerned, target
        assert entry.rule not in found(right, target)


@pytest.mark.parametrize("entry", [e for e in KNOWN_ERRORS if e.fixed], ids=lambda entry: entry.name)
def test_a_version_with_the_fix_is_taken(entry) -> None:
    wrong, _ = WRONG[entry.name]
    assert found(wrong, entry.targets[0], **{entry.library.replace("-", "_"): entry.fixed}) == set()


def test_the_finding_names_library_version_remedy_and_source() -> None:
    (finding,) = (f for f in audit(WRONG["misaligned-rows"][0], target="esp32s3").findings if f.code == "TG-Q058")
    for words in ("esp-nn 1.2.3", "2 rows of 20 bytes", "take esp-nn 1.2.6", "#34"):
        assert words in finding.values


@pytest.mark.parametrize("size", range(8, 14))
def test_padding_in_front_alone_tells_whether_a_convolution_is_wrong(size: int) -> None:
    """Of sizes n and n + 1 at stride 2, one is padded evenly in front and behind, the other behind only."""
    uneven = size % 2 == 0 or (size + 1) % 2 == 0
    assert ("TG-Q058" in found(convolution(size), "esp32s3")) == uneven
    assert found(convolution(size, padding="VALID"), "esp32s3") == set()


def test_convolutions_of_few_channels_take_a_path_without_the_error() -> None:
    assert found(convolution(9, channels=3), "esp32s3") == set()


def test_the_pinned_versions_are_those_of_the_firmware() -> None:
    text = (ROOT / "firmware" / "main" / "idf_component.yml").read_text(encoding="utf-8")
    pinned = dict(re.findall(r'espressif/([\w-]+):\n\s+version: "==([\d.]+)"', text))
    assert pinned == PINNED


def test_an_unknown_library_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="esp-nn"):
        audit(softmax(1, 4), versions={"cmsis": "1"})


def test_every_entry_says_who_says_so() -> None:
    assert set(WRONG) == {entry.name for entry in KNOWN_ERRORS}
    assert all(entry.source and entry.seen and entry.remedy.endswith(".") for entry in KNOWN_ERRORS)
    assert list(known_errors(ModelBuilder().model([], []).main, "esp32")) == []
