"""The tiny model of every operator that TensorFlow Lite Micro registers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinygate.tflm.derive.custom import CUSTOM
from tinygate.tflm.derive.slots import LEFT_OUT, MATCHING, Recipe, Slot

_SAME = (("input", "output"),)
_SAME_ALL = (("first", "second", "output"),)
_BOOL = ("bool",)
_Row = tuple[str, tuple[Slot, ...], tuple[Slot, ...], tuple[str, dict[str, Any]]]


def _data(group: str, *shape: int) -> Slot:
    return Slot(group, shape)


def _weights(group: str, *shape: int, axis: int = 0) -> Slot:
    return Slot(group, shape, values=1, is_weights=True, axis=axis)


def _bias(channels: int, group: str = "bias") -> Slot:
    return Slot(group, (channels,), values=100, default=MATCHING, is_optional=True)


def _constant(group: str, values: Any, shape: tuple[int, ...]) -> Slot:
    return Slot(group, shape, values=values, default="int32")


def _ints(group: str, *values: int) -> Slot:
    return _constant(group, list(values), (len(values),))


def _options(name: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return f"{name}OptionsT", fields


def _unary() -> list[Recipe]:
    x, y = _data("input", 2, 3), _data("output", 2, 3)
    names = (
        "ABS CEIL COS ELU EXP FLOOR HARD_SWISH LOG LOGISTIC LOG_SOFTMAX NEG RELU RELU6 ROUND RSQRT SIN SQRT SQUARE TANH"
    )
    alike = [Recipe(name, (x,), (y,), same=_SAME) for name in (*names.split(), "ZEROS_LIKE")]
    return [
        *alike,
        *[Recipe(name, (x,), (y,)) for name in ("QUANTIZE", "DEQUANTIZE", "CAST")],
        Recipe("LOGICAL_NOT", (x,), (y,), same=_SAME, only={"input": _BOOL}),
        Recipe("LEAKY_RELU", (x,), (y,), _options("LeakyRelu", alpha=0.1), same=_SAME),
        Recipe("L2_NORMALIZATION", (x,), (y,), _options("L2Norm"), same=_SAME),
        Recipe("SOFTMAX", (x,), (y,), _options("Softmax", beta=1.0)),
        Recipe("SHAPE", (x,), (_data("output", 2),), _options("Shape", outType=2)),
        Recipe("ADD_N", (x, x), (y,), same=_SAME, is_variadic=True),
    ]


def _binary() -> list[Recipe]:
    both, y = (_data("first", 2, 3), _data("second", 2, 3)), (_data("output", 2, 3),)
    image, slope = _data("input", 1, 2, 2, 3), Slot("slope", (1, 1, 3), values=1)
    compared = "EQUAL NOT_EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL".split()
    return [
        *[Recipe(n, both, y, same=_SAME_ALL) for n in "FLOOR_DIV FLOOR_MOD MAXIMUM MINIMUM SQUARED_DIFFERENCE".split()],
        *[Recipe(n, both, y, _options(n.capitalize()), same=_SAME_ALL) for n in ("ADD", "SUB", "MUL", "DIV")],
        *[Recipe(n, both, y, same=(("first", "second"),), only={"output": _BOOL}) for n in compared],
        *[Recipe(n, both, y, same=_SAME_ALL, only={"output": _BOOL}) for n in ("LOGICAL_AND", "LOGICAL_OR")],
        Recipe("PRELU", (image, slope), (_data("output", 1, 2, 2, 3),), same=(("input", "slope", "output"),)),
        Recipe("BROADCAST_ARGS", (_ints("first", 1, 3), _ints("second", 2, 3)), (_data("output", 2),)),
    ]


def _movers() -> list[Recipe]:
    """Operators that move values: their name, inputs, output and options."""
    x, y = "input", "output"
    pads = _constant("paddings", [[0, 0], [1, 1]], (2, 2))
    axis = _constant("axis", 1, ())
    rows: list[_Row] = [
        ("BROADCAST_TO", (_data(x, 1, 3), _ints("shape", 2, 3)), (_data(y, 2, 3),), ("", {})),
        ("EXPAND_DIMS", (_data(x, 2, 3), axis), (_data(y, 2, 1, 3),), ("", {})),
        ("GATHER", (_data(x, 3, 2), _ints("indices", 1, 2)), (_data(y, 2, 2),), _options("Gather", axis=0)),
        ("GATHER_ND", (_data(x, 3, 2), _constant("indices", [[1], [2]], (2, 1))), (_data(y, 2, 2),), ("", {})),
        ("MIRROR_PAD", (_data(x, 2, 3), pads), (_data(y, 2, 5),), _options("MirrorPad", mode=0)),
        ("PAD", (_data(x, 2, 3), pads), (_data(y, 2, 5),), ("", {})),
        ("RESHAPE", (_data(x, 2, 3), replace(_ints("shape", 3, 2), is_optional=True)), (_data(y, 3, 2),),
         _options("Reshape", newShape=[3, 2])),
        ("REVERSE_V2", (_data(x, 2, 3), _ints("axis", 1)), (_data(y, 2, 3),), ("", {})),
        ("SLICE", (_data(x, 2, 3), _ints("begin", 0, 1), _ints("size", 2, 2)), (_data(y, 2, 2),), ("", {})),
        ("SPLIT", (axis, _data(x, 2, 4)), (_data(y, 2, 2), _data(y, 2, 2)), _options("Split", numSplits=2)),
        ("SPLIT_V", (_data(x, 2, 4), _ints("sizes", 1, 3), axis), (_data(y, 2, 1), _data(y, 2, 3)),
         _options("SplitV", numSplits=2)),
        ("SQUEEZE", (_data(x, 2, 1, 3),), (_data(y, 2, 3),), _options("Squeeze", squeezeDims=[1])),
        ("STRIDED_SLICE", (_data(x, 2, 3), _ints("begin", 0, 1), _ints("end", 2, 3), _ints("strides", 1, 1)),
         (_data(y, 2, 2),), _options("StridedSlice")),
        ("TRANSPOSE", (_data(x, 2, 3), _ints("order", 1, 0)), (_data(y, 3, 2),), ("", {})),
        ("UNPACK", (_data(x, 2, 3),), (_data(y, 3), _data(y, 3)), _options("Unpack", num=2, axis=0)),
    ]  # fmt: skip
    return [Recipe(*row, same=_SAME) for row in (*rows, *_image_rows())]


def _image_rows() -> list[_Row]:
    """Operators on images, likewise."""
    x, y = "input", "output"
    image, resized = _data(x, 1, 2, 2, 4), (_data(y, 1, 4, 4, 4),)
    crops = _constant("crops", [[1, 1], [0, 2]], (2, 2))
    return [
        ("BATCH_TO_SPACE_ND", (_data(x, 4, 2, 2, 1), _ints("block", 2, 2), crops), (_data(y, 1, 2, 2, 1),), ("", {})),
        ("SPACE_TO_BATCH_ND", (_data(x, 1, 4, 4, 1), _ints("block", 2, 2), crops), (_data(y, 4, 3, 3, 1),), ("", {})),
        ("DEPTH_TO_SPACE", (image,), (_data(y, 1, 4, 4, 1),), _options("DepthToSpace", blockSize=2)),
        ("SPACE_TO_DEPTH", (_data(x, 1, 4, 4, 1),), (_data(y, 1, 2, 2, 4),), _options("SpaceToDepth", blockSize=2)),
        ("RESIZE_BILINEAR", (image, _ints("size", 4, 4)), resized, _options("ResizeBilinear")),
        ("RESIZE_NEAREST_NEIGHBOR", (image, _ints("size", 4, 4)), resized, _options("ResizeNearestNeighbor")),
    ]


def _gatherers() -> list[Recipe]:
    """Operators that put several tensors together."""
    x, y = "input", "output"
    update, start = _data("update", 1, 2), _ints("start", 1, 1)
    pads = _constant("paddings", [[0, 0], [1, 1]], (2, 2))
    chosen = (_data("condition", 2, 3), _data(x, 2, 3), _data("other", 2, 3))
    return [
        Recipe("CONCATENATION", (_data(x, 1, 3), _data(x, 1, 3)), (_data(y, 1, 6),), _options("Concatenation", axis=1),
               same=_SAME, is_variadic=True),
        Recipe("PACK", (_data(x, 3), _data(x, 3)), (_data(y, 2, 3),), _options("Pack", valuesCount=2, axis=0),
               same=_SAME, is_variadic=True),
        Recipe("FILL", (_ints("shape", 2, 3), Slot(x, (), values=7)), (_data(y, 2, 3),), same=_SAME),
        Recipe("PADV2", (_data(x, 2, 3), pads, Slot("value", (1,), values=1)), (_data(y, 2, 5),),
               same=((x, "value", y),)),
        Recipe("DYNAMIC_UPDATE_SLICE", (_data(x, 2, 3), update, start), (_data(y, 2, 3),), same=((x, "update", y),)),
        Recipe("SELECT_V2", chosen, (_data(y, 2, 3),), same=((x, "other", y),), only={"condition": _BOOL}),
    ]  # fmt: skip


def _products() -> list[Recipe]:
    """Operators with weights."""
    conv = {"strideW": 1, "strideH": 1, "padding": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    image, result, kernel = _data("input", 1, 4, 4, 2), _data("output", 1, 3, 3, 2), _weights("weights", 2, 2, 2, 2)
    deep = _weights("weights", 1, 2, 2, 2, axis=3)
    return [
        Recipe("CONV_2D", (image, kernel, _bias(2)), (result,), _options("Conv2D", **conv), same=_SAME),
        Recipe("DEPTHWISE_CONV_2D", (image, deep, _bias(2)), (result,),
               _options("DepthwiseConv2D", depthMultiplier=1, **conv), same=_SAME),
        Recipe("TRANSPOSE_CONV", (_ints("shape", 1, 3, 3, 2), kernel, _data("input", 1, 2, 2, 2), _bias(2)), (result,),
               _options("TransposeConv", strideW=1, strideH=1, padding=1), same=_SAME),
        Recipe("FULLY_CONNECTED", (_data("input", 1, 4), _weights("weights", 2, 4), _bias(2)), (_data("output", 1, 2),),
               _options("FullyConnected"), same=_SAME),
        Recipe("BATCH_MATMUL", (_data("first", 1, 2, 3), _data("second", 1, 3, 2)), (_data("output", 1, 2, 2),),
               _options("BatchMatMul")),
        Recipe("EMBEDDING_LOOKUP", (_ints("ids", 1, 2), Slot("table", (3, 2), values=1)), (_data("output", 2, 2),)),
        _svdf(), _lstm(),
    ]  # fmt: skip


def _svdf() -> Recipe:
    weights, time = Slot("weights", (2, 4), values=1), Slot("time weights", (2, 3), values=1)
    inputs = (_data("input", 1, 4), weights, time, _bias(2), Slot("state", (1, 6), is_state=True))
    kinds = ("float32", "int8", "int16")
    only = {"weights": kinds[:2], "time weights": kinds, "state": kinds}
    return Recipe("SVDF", inputs, (_data("output", 1, 2),), _options("SVDF", rank=1), same=_SAME, only=only)


def _lstm() -> Recipe:
    kernel, bias, state = Slot("weights", (3, 2), values=1), Slot("bias", (3,), values=1, default=MATCHING), "state"
    square = replace(kernel, shape=(3, 3))
    inputs = [Slot("input", (1, 4, 2)), *[kernel] * 4, *[square] * 4, *[LEFT_OUT] * 3, *[bias] * 4, *[LEFT_OUT] * 2]
    inputs += [Slot(state, (1, 3), is_state=True), Slot("cell state", (1, 3), is_state=True), *[LEFT_OUT] * 4]
    options = _options("UnidirectionalSequenceLSTM", fusedActivationFunction=4, cellClip=10.0)
    combinations = (
        ("float32",) * 6,
        ("int8", "int8", "int32", "int8", "int16", "int8"),
        ("int16", "int8", "int64", "int16", "int16", "int16"),
        ("uint8", "uint8", "int32", "uint8", "int16", "uint8"),
    )
    result = _data("output", 1, 4, 3)
    return Recipe("UNIDIRECTIONAL_SEQUENCE_LSTM", tuple(inputs), (result,), options, combinations=combinations)


def _reductions() -> list[Recipe]:
    x, axis, y = _data("input", 1, 2, 2, 3), _ints("axis", 1, 2), _data("output", 1, 1, 1, 3)
    keep, index = _options("Reducer", keepDims=True), _constant("axis", 1, ())
    names = "MEAN SUM REDUCE_MAX REDUCE_MIN".split()
    found = [Recipe(n, (_data("input", 2, 3), index), (_data("output", 2),), _options(o))
             for n, o in (("ARG_MAX", "ArgMax"), ("ARG_MIN", "ArgMin"))]  # fmt: skip
    sums = Recipe("CUMSUM", (_data("input", 2, 3), index), (_data("output", 2, 3),), _options("Cumsum"), same=_SAME)
    every = Recipe("REDUCE_ALL", (x, axis), (y,), keep, same=_SAME, only={"input": _BOOL})
    return [*[Recipe(n, (x, axis), (y,), keep, same=_SAME) for n in names], *found, sums, every]


def _pools() -> list[Recipe]:
    fields = {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2, "padding": 1}
    x, y = _data("input", 1, 4, 4, 2), _data("output", 1, 2, 2, 2)
    names = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")
    return [Recipe(n, (x,), (y,), _options("Pool2D", **fields), same=_SAME) for n in names]


def _control() -> list[Recipe]:
    """Operators that need others around them; tensors of any type go through, each by itself."""
    x, y, same = _data("value", 2, 3), _data("output", 2, 3), (("value", "output"),)
    condition, counter = Slot("condition", (1,), fixed="bool"), Slot("counter", (1,), fixed="int32")
    handle = Slot("resource", fixed="resource")
    return [
        Recipe("IF", (condition, x), (y,), _options("If"), frame="if", same=same),
        Recipe("WHILE", (counter, x), (counter, y), _options("While"), frame="while", same=same),
        Recipe("CALL_ONCE", (), (), _options("CallOnce"), frame="call_once"),
        Recipe("VAR_HANDLE", (), (handle,), _options("VarHandle", sharedName="v"), frame="variable"),
        Recipe("ASSIGN_VARIABLE", (handle, x), (), frame="variable"),
        Recipe("READ_VARIABLE", (handle,), (replace(x, group="value"),), frame="variable"),
    ]


RECIPES: dict[str, Recipe] = {
    recipe.operator: recipe
    for make in (_unary, _binary, _movers, _gatherers, _products, _reductions, _pools, _control)
    for recipe in make()
} | {recipe.operator: recipe for recipe in CUSTOM}
"""A recipe per operator."""
