"""Known errors of released kernels, each on a small model: found for its target and version, and nowhere else."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.audit import audit
from tinygate.errors import InputError
from tinygate.oracle import run_litert, run_tflm, tflm_is_installed
from tinygate.tflite.options import (
    BranchOptions,
    ConcatenationOptions,
    Conv2DOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    FusedOptions,
    ReshapeOptions,
    SoftmaxOptions,
)
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


def loop(*, size: str) -> bytes:
    """A loop that writes 5 into each row of a list, as TensorFlow does it: head, new row, tail, put together.

    Sizes of head and tail are computed in each turn ("computed"), or only their begins ("fixed": always two rows).
    """
    main = _part(None)
    i, rows, j, result = _scalar(main), _list(main), _scalar(main), _list(main)
    main.operator("WHILE", [i, rows], [j, result], BranchOptions(1, 2))
    test, body = _part(main), _part(main)
    ti, tl, more = _scalar(test), _list(test), test.tensor("more", (), "bool")
    test.operator("LESS", [ti, test.constant("end", np.array(ROWS, np.int32))], [more])
    outputs = _collect(body, size)
    graphs = [main.model([i, rows], [j, result]), test.model([ti, tl], [more]), body.model([0, 1], outputs)]
    subgraphs = tuple(dataclasses.replace(graph.main, index=n) for n, graph in enumerate(graphs))
    return write_model(dataclasses.replace(graphs[0], subgraphs=subgraphs, operator_codes=tuple(main.codes),
                                           buffers=tuple(main.buffers)))  # fmt: skip


ROWS = 4


def _part(main: ModelBuilder | None) -> ModelBuilder:
    """A subgraph of the same file."""
    return ModelBuilder(codes=main.codes, buffers=main.buffers) if main else ModelBuilder()


def _scalar(build: ModelBuilder) -> int:
    return build.tensor("i", (), "int32")


def _list(build: ModelBuilder) -> int:
    return build.tensor("list", (ROWS, 1), "float32")


def _open(build: ModelBuilder, rows: int) -> int:
    """A tensor whose number of rows is known at run time only."""
    index = build.tensor("part", (rows, 1), "float32")
    build.tensors[index] = dataclasses.replace(build.tensors[index], shape_signature=(-1, -1))
    return index


def _pair(build: ModelBuilder, scalar: int, second: int) -> int:
    """[scalar, second]."""
    row, pair = build.tensor("r", (1,), "int32"), build.tensor("p", (2,), "int32")
    build.operator("RESHAPE", [scalar], [row], ReshapeOptions((1,)))
    build.operator("CONCATENATION", [row, build.constant("c", np.array([second], np.int32))], [pair],
                   ConcatenationOptions(0))  # fmt: skip
    return pair


def _collect(build: ModelBuilder, size: str) -> list[int]:
    i, rows, j = _scalar(build), _list(build), _scalar(build)
    build.operator("ADD", [i, build.constant("one", np.array(1, np.int32))], [j], FusedOptions())
    new, first = _list(build), build.constant("first", np.zeros(2, np.int32))
    if size == "fixed":
        part, begin = build.tensor("part", (2, 1), "float32"), _pair(build, i, 0)
        build.operator("SLICE", [rows, begin, build.constant("two", np.array([2, 1], np.int32))], [part])
        build.operator("CONCATENATION", [part, part], [new], ConcatenationOptions(0))
        return [j, new]
    head, tail = _open(build, 1), _open(build, 1)
    build.operator("SLICE", [rows, first, _pair(build, i, 1)], [head])
    rest = build.constant("rest", np.array([-1, 1], np.int32))
    build.operator("SLICE", [rows, _pair(build, j, 0), rest], [tail])
    row = build.constant("row", np.full((1, 1), 5, np.float32))
    build.operator("CONCATENATION", [head, row, tail], [new], ConcatenationOptions(0))
    return [j, new]


def found(model: bytes, target: str, **versions: str) -> set[str]:
    report = audit(model, target=target, versions={key.replace("_", "-"): v for key, v in versions.items()})
    return {f.code for f in report.findings} & {"TG-Q044", "TG-Q058", "TG-Q059"}


WRONG = {
    "16x8-fully-connected-per-channel": (dense(1, 16, dtype="int16", scales=4), dense(1, 16, dtype="int16")),
    "asymmetric-same-padding": (convolution(9), convolution(9, stride=1)),
    "short-depthwise-scratch": (convolution(9, deep=True), convolution(9, stride=1, deep=True)),
    "misaligned-rows": (dense(2, 20), dense(2, 32)),
    "softmax-scratch": (softmax(1, 2, 2, 8), softmax(1, 8, 2, 2)),
    "run-time-size-in-a-loop": (loop(size="computed"), loop(size="fixed")),
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
    text = (ROOT / "firmware" / "components" / "tinygate" / "idf_component.yml").read_text(encoding="utf-8")
    pinned = dict(re.findall(r'espressif/([\w-]+):\n\s+version: "==([\d.]+)"', text))
    assert pinned == PINNED


def test_an_unknown_library_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="esp-nn"):
        audit(softmax(1, 4), versions={"cmsis": "1"})


def test_every_entry_says_who_says_so() -> None:
    empty = ModelBuilder().model([], [])
    assert set(WRONG) == {entry.name for entry in KNOWN_ERRORS}
    assert all(entry.source and entry.seen and entry.remedy.endswith(".") for entry in KNOWN_ERRORS)
    assert list(known_errors(empty, empty.main, "esp32")) == []


@pytest.mark.skipif(not tflm_is_installed(), reason="no TFLM wheel for this machine")
def test_tflm_still_computes_the_list_of_a_loop_wrongly() -> None:
    """When this fails, the wheel has the fix: name it in the entry."""
    inputs = [np.zeros(1, np.int32), np.arange(ROWS, dtype=np.float32).reshape(1, ROWS, 1)]
    model = loop(size="computed")
    assert run_litert(model, inputs).all_outputs[1].reshape(-1).tolist() == [5.0] * ROWS
    assert run_tflm(model, inputs).all_outputs[1].reshape(-1).tolist() != [5.0] * ROWS
