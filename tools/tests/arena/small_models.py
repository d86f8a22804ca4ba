"""Models made on the spot, each with one thing that an arena must account for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.tflite import TfliteModel, read_model
from tinygate.tflite.model import Buffer, Metadata, Operator, OperatorCode, Subgraph, Tensor
from tinygate.tflite.options import (
    BranchOptions,
    CallOnceOptions,
    Conv2DOptions,
    FullyConnectedOptions,
    Options,
    SoftmaxOptions,
    VarHandleOptions,
)


def reread(model: TfliteModel) -> TfliteModel:
    """As a file would come back: written, then read."""
    return read_model(write_model(model))


def relu_chain(*sizes: int) -> TfliteModel:
    """RELU after RELU over int8 tensors of these sizes."""
    build = ModelBuilder()
    tensors = [build.tensor(f"t{i}", (1, size), "int8", [0.1], [0]) for i, size in enumerate(sizes)]
    for source, target in pairwise(tensors):
        build.operator("RELU", [source], [target])
    return reread(build.model([tensors[0]], [tensors[-1]]))


def convolution(channels: int = 4, weights: str = "int8", size: int = 8) -> TfliteModel:
    """A 3 × 3 convolution of an 8 × 8 image, quantized per channel."""
    build = ModelBuilder()
    x = build.tensor("x", (1, size, size, 3), "int8", [0.1], [0])
    count = channels * 3 * 3 * 3
    data = bytes(count if weights == "int8" else (count + 1) // 2)
    w = build.tensor("w", (channels, 3, 3, 3), weights, [0.1] * channels, [0] * channels, data=data)
    b = build.constant("b", np.zeros(channels, np.int32), [0.01] * channels, [0] * channels)
    y = build.tensor("y", (1, size, size, channels), "int8", [0.1], [0])
    build.operator("CONV_2D", [x, w, b], [y], Conv2DOptions("SAME", 1, 1), version=4)
    return reread(build.model([x], [y]))


def dense(depth: int = 8, classes: int = 4, *, per_channel: bool = False) -> TfliteModel:
    """FULLY_CONNECTED, then SOFTMAX."""
    build = ModelBuilder()
    scales = [0.1] * (classes if per_channel else 1)
    x = build.tensor("x", (1, depth), "int8", [0.1], [0])
    w = build.constant("w", np.zeros((classes, depth), np.int8), scales, [0] * len(scales))
    b = build.constant("b", np.zeros(classes, np.int32), [0.01] * len(scales), [0] * len(scales))
    y = build.tensor("y", (1, classes), "int8", [0.1], [0])
    p = build.tensor("p", (1, classes), "int8", [1 / 256], [-128])
    build.operator("FULLY_CONNECTED", [x, w, b], [y], FullyConnectedOptions(), version=4)
    build.operator("SOFTMAX", [y], [p], SoftmaxOptions(1.0), version=2)
    return reread(build.model([x], [p]))


def unknown_operator() -> TfliteModel:
    """A custom operator of somebody's own."""
    build = ModelBuilder()
    x, y = (build.tensor(name, (1, 16), "int8", [0.1], [0]) for name in "xy")
    build.operator("SomebodysOwn", [x], [y])
    return reread(build.model([x], [y]))


def _tensor(index: int, name: str, shape: tuple[int, ...], dtype: str = "float32", buffer: int = 0) -> Tensor:
    return Tensor(index, name, shape, (), dtype, buffer, b"", (), (), 0, (), (), "", False, False, 0)


def _graphs(codes: list[str], *graphs: Subgraph, data: tuple[bytes, ...] = ()) -> TfliteModel:
    return TfliteModel(
        identifier="TFL3",
        version=3,
        description="",
        size_bytes=0,
        operator_codes=tuple(OperatorCode(code, "", 1) for code in codes),
        subgraphs=graphs,
        buffers=(Buffer(b"", 0), *(Buffer(content, 0) for content in data)),
        metadata=(),
        signatures=(),
    )


def _operator(index: int, name: str, code: int, inputs: list[int], outputs: list[int], options: Options) -> Operator:
    return Operator(index, name, code, 1, tuple(inputs), tuple(outputs), (), options)


def branching() -> TfliteModel:
    """IF: one branch adds 64 floats to themselves, the other multiplies them."""
    main = Subgraph(
        0,
        "main",
        (_tensor(0, "condition", (1,), "bool"), _tensor(1, "x", (1, 64)), _tensor(2, "y", (1, 64))),
        (0, 1),
        (2,),
        (_operator(0, "IF", 0, [0, 1], [2], BranchOptions(1, 2)),),
    )
    branches = [
        Subgraph(number, name, (_tensor(0, "a", (1, 64)), _tensor(1, "b", (1, 64))), (0,), (1,),
                 (_operator(0, name, number, [0, 0], [1], Options()),))
        for number, name in ((1, "ADD"), (2, "MUL"))
    ]  # fmt: skip
    return reread(_graphs(["IF", "ADD", "MUL"], main, *branches))


def circular() -> TfliteModel:
    """WHILE whose body is the graph that it stands in."""
    tensors = (_tensor(0, "x", (1, 4)), _tensor(1, "y", (1, 4)))
    loop = (_operator(0, "WHILE", 0, [0], [1], BranchOptions(0, 0)),)
    return reread(_graphs(["WHILE"], Subgraph(0, "main", tensors, (0,), (1,), loop)))


def stateful() -> TfliteModel:
    """Two resource variables of 40 bytes: made and filled once by another subgraph, read by the main one."""
    names = ("first", "second")
    fill = Subgraph(
        1,
        "fill",
        (
            *tuple(_tensor(i, name, (), "resource") for i, name in enumerate(names)),
            _tensor(2, "zeros", (1, 10), buffer=1),
        ),
        (),
        (),
        (
            *(_operator(i, "VAR_HANDLE", 0, [], [i], VarHandleOptions("", name)) for i, name in enumerate(names)),
            *(_operator(2 + i, "ASSIGN_VARIABLE", 1, [i, 2], [], Options()) for i in range(2)),
        ),
    )
    main = Subgraph(
        0,
        "main",
        (
            _tensor(0, "x", (1, 10)),
            _tensor(1, "handle", (), "resource"),
            _tensor(2, "v", (1, 10)),
            _tensor(3, "y", (1, 10)),
        ),
        (0,),
        (3,),
        (
            _operator(0, "CALL_ONCE", 2, [], [], CallOnceOptions(1)),
            _operator(1, "VAR_HANDLE", 0, [], [1], VarHandleOptions("", "second")),
            _operator(2, "READ_VARIABLE", 3, [1], [2], Options()),
            _operator(3, "ADD", 4, [0, 2], [3], Options()),
        ),
    )
    codes = ["VAR_HANDLE", "ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "ADD"]
    return reread(_graphs(codes, main, fill, data=(bytes(40),)))


def keeping_state(size: int = 48) -> TfliteModel:
    """RELU beside a variable tensor."""
    model = relu_chain(16, 16)
    state = replace(model.main.tensors[0], index=2, name="state", shape=(1, size), is_variable=True)
    graph = replace(model.main, tensors=(*model.main.tensors, state))
    return reread(replace(model, subgraphs=(graph,)))


def planned_offline(*offsets: int) -> TfliteModel:
    """A chain of RELUs whose tensors of 16 bytes have their places in the file; -1 leaves one to the planner."""
    model = relu_chain(*[16] * len(offsets))
    plan = np.array([1, 0, len(offsets), *offsets], np.int32).tobytes()
    metadata = (Metadata("OfflineMemoryAllocation", len(model.buffers)),)
    return reread(replace(model, buffers=(*model.buffers, Buffer(plan, 0)), metadata=metadata))
