"""Builds the tiny model of an operator for given types, as the content of a .tflite file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygate.tflite.model import NUMPY_TYPES
from tinygate.tflite.schema import FILE_IDENTIFIER, OPERATORS, TENSOR_TYPES
from tinygate.tflm.derive.slots import NONE, TYPE, Recipe, Slot
from tinygate.tflm.operators import FIXED_OUTPUTS

_CODES = ("int4", "int8", "uint8", "int16")
_STEP = 0.0625


class _Graph:
    """A subgraph under construction, in the object form of the schema that ai-edge-litert ships."""

    def __init__(self, model: _Model, name: str) -> None:
        self.model = model
        self.table = model.schema.SubGraphT()
        self.table.name, self.table.tensors, self.table.operators = name, [], []
        self.table.inputs, self.table.outputs = [], []

    def tensor(self, shape: tuple[int, ...], dtype: str, data: bytes = b"", *, variable: bool = False,
               scales: tuple[float, ...] = (), zero_point: int = 0, axis: int = 0) -> int:  # fmt: skip
        schema = self.model.schema
        tensor = schema.TensorT()
        tensor.shape, tensor.type, tensor.isVariable = list(shape), TENSOR_TYPES.index(dtype), variable
        tensor.name, tensor.buffer = f"t{len(self.table.tensors)}", self.model.buffer(data)
        if scales:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = list(scales)
            tensor.quantization.zeroPoint = [zero_point] * len(scales)
            tensor.quantization.quantizedDimension = axis
        self.table.tensors.append(tensor)
        return len(self.table.tensors) - 1

    def operator(self, name: str, inputs: list[int], outputs: list[int], options: tuple[str, dict[str, Any]] = ("", {}),
                 custom: bytes = b"") -> None:  # fmt: skip
        schema = self.model.schema
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self.model.code(name), inputs, outputs
        kind, fields = options
        if kind:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind.removesuffix("T"))
            operator.builtinOptions = getattr(schema, kind)()
            for field, value in fields.items():
                setattr(operator.builtinOptions, field, value)
        if custom:
            operator.customOptions = list(custom)
        self.table.operators.append(operator)


class _Model:
    """A model under construction."""

    def __init__(self) -> None:
        from ai_edge_litert import schema_py_generated

        self.schema: Any = schema_py_generated
        self.table = self.schema.ModelT()
        self.table.version, self.table.subgraphs, self.table.operatorCodes = 3, [], []
        self.table.buffers = [self.schema.BufferT()]
        self.names: list[str] = []

    def graph(self, name: str) -> _Graph:
        graph = _Graph(self, name)
        self.table.subgraphs.append(graph.table)
        return graph

    def buffer(self, data: bytes) -> int:
        if not data:
            return 0
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(data, np.uint8)
        self.table.buffers.append(buffer)
        return len(self.table.buffers) - 1

    def code(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
            code = self.schema.OperatorCodeT()
            number = OPERATORS.index(name) if name in OPERATORS else OPERATORS.index("CUSTOM")
            code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), 1
            code.customCode = None if name in OPERATORS else name
            self.table.operatorCodes.append(code)
        return self.names.index(name)

    def pack(self) -> bytes:
        import flatbuffers

        builder = flatbuffers.Builder(4096)
        builder.Finish(self.table.Pack(builder), FILE_IDENTIFIER.encode())
        return bytes(builder.Output())


def build(recipe: Recipe, types: Mapping[str, str], channels: str = "") -> bytes:
    """Return the model of `recipe` with a type for each of its groups; `channels`: the one quantized per channel."""
    model = _Model()
    main = model.graph("main")
    inputs = [_add(main, recipe, slot, types, channels) for slot in recipe.inputs]
    outputs = [_add(main, recipe, slot, types, channels) for slot in recipe.outputs]
    _FRAMES.get(recipe.frame, _plain)(main, recipe, inputs, outputs)
    fed = [i for i, slot in zip(inputs, recipe.inputs, strict=True) if i >= 0 and _is_fed(slot)]
    main.table.inputs, main.table.outputs = main.table.inputs or fed, main.table.outputs or outputs
    return model.pack()


def build_unknown(operator: str) -> bytes:
    """Return a model of nothing but `operator` on one float tensor: to see whether the runtime finds it at all."""
    model = _Model()
    main = model.graph("main")
    x, y = main.tensor((1,), "float32"), main.tensor((1,), "float32")
    main.operator(operator, [x], [y])
    main.table.inputs, main.table.outputs = [x], [y]
    return model.pack()


def _is_fed(slot: Slot) -> bool:
    return bool(slot.group) and slot.values is None and not slot.is_state and slot.fixed not in ("resource",)


def _add(graph: _Graph, recipe: Recipe, slot: Slot, types: Mapping[str, str], channels: str) -> int:
    dtype = slot.fixed or types.get(slot.group, NONE)
    if dtype == NONE:
        return -1
    scales, zero_point = _affine(recipe, slot, dtype, types)
    if channels and slot.group == channels:
        scales = scales * slot.shape[slot.axis]
    if scales and slot.group == "bias" and channels:
        scales = scales * slot.shape[0]
    data = b"" if slot.values is None else _bytes(slot, dtype)
    return graph.tensor(slot.shape, dtype, data, variable=slot.is_state, scales=scales, zero_point=zero_point,
                        axis=slot.axis)  # fmt: skip


def _affine(recipe: Recipe, slot: Slot, dtype: str, types: Mapping[str, str]) -> tuple[tuple[float, ...], int]:
    """Return scales and zero point that suit a tensor of this type."""
    if slot.group == "bias" and dtype != "float32":
        return (_STEP**2,), 0
    if recipe.operator in ("QUANTIZE", "DEQUANTIZE") and dtype in ("int32", "int64"):
        return (_STEP,), 0
    if slot.default == "int32" or slot.fixed or dtype not in _CODES:
        return (), 0
    if slot in recipe.outputs:
        fixed = FIXED_OUTPUTS.get((recipe.operator, types.get("input", ""), dtype))
        if fixed:
            return (fixed[0],), fixed[1]
    if slot.group == "cell state":
        return (2.0**-11,), 0
    return (_STEP,), 128 if dtype == "uint8" else 0


def _bytes(slot: Slot, dtype: str) -> bytes:
    count = int(np.prod(slot.shape, dtype=int))
    if dtype == "int4":
        return b"\x11" * ((count + 1) // 2)
    values = np.broadcast_to(np.asarray(slot.values, dtype=NUMPY_TYPES[dtype]), slot.shape)
    return values.tobytes()


def _plain(main: _Graph, recipe: Recipe, inputs: list[int], outputs: list[int]) -> None:
    custom = b""
    if recipe.custom:
        from flatbuffers import flexbuffers

        number = main.table.tensors[inputs[0]].type
        custom = bytes(flexbuffers.Dumps({k: number if v == TYPE else v for k, v in recipe.custom.items()}))
    main.operator(recipe.operator, inputs, outputs, recipe.options, custom)


def _identity(graph: _Graph, like: Any) -> tuple[int, int]:
    """Add RESHAPE, which takes any type, from a new input to a new output like the tensor `like`."""
    copies = []
    for _ in range(2):
        scales = tuple(like.quantization.scale) if like.quantization else ()
        zero_point = like.quantization.zeroPoint[0] if like.quantization else 0
        copies.append(graph.tensor(tuple(like.shape), TENSOR_TYPES[like.type], scales=scales, zero_point=zero_point))
    graph.operator("RESHAPE", copies[:1], copies[1:], ("ReshapeOptionsT", {"newShape": list(like.shape)}))
    return copies[0], copies[1]


def _if(main: _Graph, recipe: Recipe, inputs: list[int], outputs: list[int]) -> None:
    for name in ("then", "else"):
        branch = main.model.graph(name)
        x, y = _identity(branch, main.table.tensors[inputs[1]])
        branch.table.inputs, branch.table.outputs = [x], [y]
    main.operator("IF", inputs, outputs, ("IfOptionsT", {"thenSubgraphIndex": 1, "elseSubgraphIndex": 2}))


def _while(main: _Graph, recipe: Recipe, inputs: list[int], outputs: list[int]) -> None:
    one = np.ones(1, np.int32).tobytes()
    like = main.table.tensors[inputs[1]]
    condition, body = main.model.graph("condition"), main.model.graph("body")
    counter, limit = condition.tensor((1,), "int32"), condition.tensor((1,), "int32", one)
    value = condition.tensor(tuple(like.shape), TENSOR_TYPES[like.type])
    more = condition.tensor((1,), "bool")
    condition.operator("LESS", [counter, limit], [more], ("LessOptionsT", {}))
    condition.table.inputs, condition.table.outputs = [counter, value], [more]
    start, step, end = body.tensor((1,), "int32"), body.tensor((1,), "int32", one), body.tensor((1,), "int32")
    body.operator("ADD", [start, step], [end], ("AddOptionsT", {}))
    x, y = _identity(body, like)
    body.table.inputs, body.table.outputs = [start, x], [end, y]
    main.operator("WHILE", inputs, outputs, ("WhileOptionsT", {"condSubgraphIndex": 1, "bodySubgraphIndex": 2}))


def _call_once(main: _Graph, recipe: Recipe, inputs: list[int], outputs: list[int]) -> None:
    main.model.graph("initialization")
    main.operator("CALL_ONCE", [], [], ("CallOnceOptionsT", {"initSubgraphIndex": 1}))
    x, y = _identity(main, main.table.tensors[main.tensor((2, 3), "float32")])
    main.table.inputs, main.table.outputs = [x], [y]


def _variable(main: _Graph, recipe: Recipe, inputs: list[int], outputs: list[int]) -> None:
    """A handle, a value written to it, and the value read back."""
    handle = next((i for i in (*inputs, *outputs) if main.table.tensors[i].type == TENSOR_TYPES.index("resource")), -1)
    value = next((i for i in (*inputs, *outputs) if i != handle), -1)
    if value < 0:
        value = main.tensor((2, 3), "float32")
    given = main.table.tensors[value]
    scales = tuple(given.quantization.scale) if given.quantization else ()
    other = main.tensor((2, 3), TENSOR_TYPES[given.type], scales=scales)
    source, result = (other, value) if recipe.operator == "READ_VARIABLE" else (value, other)
    main.operator("VAR_HANDLE", [], [handle], ("VarHandleOptionsT", {"sharedName": "v"}))
    main.operator("ASSIGN_VARIABLE", [handle, source], [], ("AssignVariableOptionsT", {}))
    main.operator("READ_VARIABLE", [handle], [result], ("ReadVariableOptionsT", {}))
    main.table.inputs, main.table.outputs = [source], [result]


_FRAMES = {"if": _if, "while": _while, "call_once": _call_once, "variable": _variable}
