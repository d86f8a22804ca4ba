"""A float model with some of its tensors quantized: the same graph, in which chosen weights and activations are coarse.

Weights are replaced in the file by the real values of their codes. Behind a chosen activation a QUANTIZE and a
DEQUANTIZE are put, with the scale and zero point to be tried. The result is a .tflite that any runtime runs: what is
simulated is the model's own arithmetic and no imitation of it. Only roundings inside integer kernels are absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError
from tinygate.quant.affine import AffineParameters
from tinygate.tflite.edit import rewrite

_QUANTIZE, _DEQUANTIZE = 114, 6
_TYPES = {-128: 9, 0: 3, -32768: 7}  # smallest code → number of int8, uint8 and int16 in the schema


@dataclass(frozen=True)
class Coarse:
    """What is quantized in a float model.

    Attributes:
        constants: real values, by tensor index, that replace the constant's own; of its shape.
        activations: scale and zero point by tensor index, one each, int8, uint8 or int16.
    """

    constants: Mapping[int, NDArray[np.floating[Any]]] = field(default_factory=dict)
    activations: Mapping[int, AffineParameters] = field(default_factory=dict)


def simulate(content: bytes, coarse: Coarse) -> bytes:
    """Return the float model `content` with `coarse` applied.

    Raises:
        ModelFileError: not a well-formed file, or a tensor that is not float32.
    """

    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        for index, values in coarse.constants.items():
            _replace_constant(model, graph.tensors[index], values)
        for index, parameters in coarse.activations.items():
            _round_trip(model, graph, index, parameters)

    return rewrite(content, change)


def _replace_constant(model: Any, tensor: Any, values: NDArray[np.floating[Any]]) -> None:
    if tensor.type != 0 or int(np.prod(tensor.shape)) != values.size:
        raise ModelFileError(
            f"tensor {_name(tensor)} is no float32 constant of {values.size} values; nothing to replace."
        )
    model.buffers.append(type(model.buffers[0])())
    model.buffers[-1].data = np.frombuffer(np.ascontiguousarray(values, "<f4").tobytes(), np.uint8)
    tensor.buffer = len(model.buffers) - 1


def _round_trip(model: Any, graph: Any, index: int, parameters: AffineParameters) -> None:
    """Send every reader of a tensor, and the graph's outputs, to its quantized and dequantized copy."""
    source = graph.tensors[index]
    if source.type != 0:
        raise ModelFileError(f"tensor {_name(source)} is not float32; nothing to quantize.")
    codes = _new_tensor(graph, source, _TYPES[parameters.qmin])
    graph.tensors[codes].quantization = _quantization(parameters)
    back = _new_tensor(graph, source, 0)
    for operator in graph.operators:
        operator.inputs = np.array([back if i == index else i for i in operator.inputs], np.int32)
    graph.outputs = np.array([back if i == index else i for i in graph.outputs], np.int32)
    writers = [i for i, operator in enumerate(graph.operators) if index in operator.outputs]
    at = writers[-1] + 1 if writers else 0
    graph.operators[at:at] = [_operator(model, _QUANTIZE, index, codes), _operator(model, _DEQUANTIZE, codes, back)]


def _new_tensor(graph: Any, like: Any, number: int) -> int:
    tensor = type(like)()
    tensor.shape, tensor.type, tensor.buffer = like.shape, number, 0
    tensor.name = f"simulated {len(graph.tensors)}".encode()
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _quantization(parameters: AffineParameters) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    found = schema.QuantizationParametersT()
    found.scale, found.zeroPoint = [parameters.scale], [parameters.zero_point]
    return found


def _operator(model: Any, builtin: int, source: int, result: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    operator = schema.OperatorT()
    operator.opcodeIndex = _opcode(model, builtin)
    operator.inputs, operator.outputs = np.array([source], np.int32), np.array([result], np.int32)
    return operator


def _opcode(model: Any, builtin: int) -> int:
    for place, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin:
            return place
    from ai_edge_litert import schema_py_generated as schema

    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = builtin, builtin, 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _name(tensor: Any) -> str:
    return repr(tensor.name.decode(errors="replace") if tensor.name else "")
