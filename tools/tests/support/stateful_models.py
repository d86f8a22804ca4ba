"""Small models that keep state: a variable tensor (SVDF), a resource variable, and one that a CALL_ONCE initializes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.tflite.options import SvdfOptions


def moving_sum(memory: int = 3) -> bytes:
    """SVDF, float32: each output is the sum of the last `memory` inputs since the reset."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 1), "float32")
    feature = build.constant("feature", np.ones((1, 1), np.float32))
    time = build.constant("time", np.ones((1, memory), np.float32))
    bias = build.constant("bias", np.zeros(1, np.float32))
    state = build.tensor("state", (1, memory), "float32")
    build.tensors[state] = dataclasses.replace(build.tensors[state], is_variable=True)
    y = build.tensor("y", (1, 1), "float32")
    build.operator("SVDF", [x, feature, time, bias, state], [y], SvdfOptions(rank=1))
    return write_model(build.model([x], [y]))


def running_total(initial: float | None = None) -> bytes:
    """Resource variable, float32: each output is the sum of all inputs since the reset, plus what CALL_ONCE assigned."""
    from tflite_micro.python.tflite_micro.runtime import schema_fb as fb

    model = fb.ModelT()
    model.version, model.description = 3, "total"
    model.buffers = [fb.BufferT(), fb.BufferT()]
    model.buffers[1].data = list(np.float32([initial or 0]).tobytes())
    codes = ("VAR_HANDLE", "READ_VARIABLE", "ADD", "ASSIGN_VARIABLE", "CALL_ONCE")
    model.operatorCodes = [_code(fb, name) for name in codes]
    x, handle, total, y = (_tensor(fb, name) for name in ("x", "handle", "total", "y"))
    handle.type = fb.TensorType.RESOURCE
    nodes = [_operator(fb, 0, [], [1]), _operator(fb, 1, [1], [2]), _operator(fb, 2, [0, 2], [3])]
    nodes.append(_operator(fb, 3, [1, 3], []))
    model.subgraphs = [_graph(fb, [x, handle, total, y], [0], [3], nodes)]
    if initial is not None:
        nodes.insert(0, _operator(fb, 4, [], []))
        constant = _tensor(fb, "initial")
        constant.buffer = 1
        first = [_operator(fb, 0, [], [0]), _operator(fb, 3, [0, 1], [])]
        model.subgraphs.append(_graph(fb, [handle, constant], [], [], first))
    return _packed(model)


def _code(fb: Any, name: str) -> Any:
    code = fb.OperatorCodeT()
    code.builtinCode = getattr(fb.BuiltinOperator, name)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    return code


def _tensor(fb: Any, name: str) -> Any:
    tensor = fb.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, [1, 1], fb.TensorType.FLOAT32, 0
    return tensor


def _operator(fb: Any, code: int, inputs: list[int], outputs: list[int]) -> Any:
    operator = fb.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = code, inputs, outputs
    kinds = {0: "VarHandleOptions", 2: "AddOptions", 4: "CallOnceOptions"}
    if code in kinds:
        operator.builtinOptionsType = getattr(fb.BuiltinOptions, kinds[code])
        operator.builtinOptions = getattr(fb, f"{kinds[code]}T")()
    if code == 0:
        operator.builtinOptions.sharedName, operator.builtinOptions.container = "total", ""
    if code == 4:
        operator.builtinOptions.initSubgraphIndex = 1
    return operator


def _graph(fb: Any, tensors: list[Any], inputs: list[int], outputs: list[int], operators: list[Any]) -> Any:
    graph = fb.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs, graph.operators = tensors, inputs, outputs, operators
    graph.name = "main"
    return graph


def _packed(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
