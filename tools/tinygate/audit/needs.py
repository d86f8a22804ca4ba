"""Checks on what every operator needs by itself: number of inputs and outputs, options, axes."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import values_of
from tinygate.audit.view import View
from tinygate.tflite.layout import UNIONS
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflite.options import (
    ConcatenationOptions,
    Conv2DOptions,
    CountAxisOptions,
    DepthwiseConv2DOptions,
    FullyConnectedOptions,
    Pool2DOptions,
    SoftmaxOptions,
    SplitOptions,
    SqueezeOptions,
    TransposeConvOptions,
    options_type_of,
)
from tinygate.tflite.schema import OPERATORS
from tinygate.tflm.operators import signature_of

_MANY = 1 << 31
_UNARY = """AVERAGE_POOL_2D MAX_POOL_2D L2_POOL_2D SOFTMAX LOGISTIC TANH QUANTIZE DEQUANTIZE LEAKY_RELU RELU RELU6
    RELU_N1_TO_1 SQUEEZE CAST SHAPE ABS NEG EXP LOG SIN COS SQRT RSQRT SQUARE FLOOR CEIL ROUND HARD_SWISH ELU
    LOG_SOFTMAX L2_NORMALIZATION UNPACK DEPTH_TO_SPACE SPACE_TO_DEPTH ZEROS_LIKE LOGICAL_NOT RANK READ_VARIABLE"""
_BINARY = """ADD SUB MUL DIV MINIMUM MAXIMUM SQUARED_DIFFERENCE FLOOR_DIV FLOOR_MOD POW MEAN SUM REDUCE_MAX REDUCE_MIN
    REDUCE_PROD REDUCE_ANY REDUCE_ALL PAD MIRROR_PAD TRANSPOSE EXPAND_DIMS GATHER GATHER_ND SPLIT TILE BROADCAST_TO
    RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR ARG_MAX ARG_MIN EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL
    LOGICAL_AND LOGICAL_OR PRELU BATCH_MATMUL REVERSE_V2 CUMSUM FILL"""
_TERNARY = "PADV2 SLICE SPLIT_V SELECT SELECT_V2 SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND"

# operator → least and most inputs, least outputs
_ARITY = {
    **dict.fromkeys(_UNARY.split(), (1, 1, 1)), **dict.fromkeys(_BINARY.split(), (2, 2, 1)),
    **dict.fromkeys(_TERNARY.split(), (3, 3, 1)),
    "CONV_2D": (2, 3, 1), "DEPTHWISE_CONV_2D": (2, 3, 1), "FULLY_CONNECTED": (2, 3, 1), "TRANSPOSE_CONV": (3, 4, 1),
    "RESHAPE": (1, 2, 1), "STRIDED_SLICE": (4, 4, 1), "SVDF": (5, 5, 1),
    "CONCATENATION": (1, _MANY, 1), "PACK": (1, _MANY, 1), "ADD_N": (1, _MANY, 1),
}  # fmt: skip
_OPTIONAL = {"SVDF": (3,)}
_LEAVES_OUT = ("LSTM", "RNN", "CONV_3D", "CONV_3D_TRANSPOSE")  # and the SEQUENCE_ ones: some of many inputs

# Operators whose options no converter leaves out; others do without a table whose fields all have their defaults.
_NEED_OPTIONS = frozenset(
    """CONV_2D DEPTHWISE_CONV_2D TRANSPOSE_CONV FULLY_CONNECTED AVERAGE_POOL_2D MAX_POOL_2D SOFTMAX CONCATENATION SPLIT
    SPLIT_V STRIDED_SLICE PACK UNPACK ADD SUB MUL DIV MEAN SUM REDUCE_MAX REDUCE_MIN LEAKY_RELU SVDF GATHER WHILE IF
    CALL_ONCE VAR_HANDLE UNIDIRECTIONAL_SEQUENCE_LSTM""".split()
)
_LARGEST_STEP = 1 << 20
_MOST_AXES = 64
_AXES_IN_SECOND_INPUT = {"MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "TRANSPOSE"}


def check_arity(view: View) -> Iterator[AuditFinding]:
    """TG-Q039: operators have the inputs and outputs they need."""
    for operator in view.graph.operators:
        least, most, outputs = _ARITY.get(operator.name, (0, _MANY, 0))
        given = len(operator.inputs)
        required = operator.inputs if _needs_all(operator.name) else operator.inputs[:least]
        missing = [p for p, i in enumerate(required) if i == -1 and p not in _OPTIONAL.get(operator.name, ())]
        if not least <= given <= most or len(operator.outputs) < outputs:
            expected = f"{least}" if least == most else f"{least} or more" if most == _MANY else f"{least} to {most}"
            values = f"{given} inputs, {len(operator.outputs)} outputs; expected {expected} and {outputs}"
            yield view.finding("TG-Q039", values, operator=operator)
        elif missing:
            yield view.finding("TG-Q039", f"input {missing[0]} is left out; it is needed", operator=operator)


def _needs_all(name: str) -> bool:
    """Whether no input of the operator is optional."""
    if name in _ARITY:
        return _ARITY[name][0] == _ARITY[name][1] or _ARITY[name][1] == _MANY
    return name.startswith("Signal") or (name in OPERATORS and name not in _LEAVES_OUT and "_SEQUENCE_" not in name)


def check_limits(view: View) -> Iterator[AuditFinding]:
    """TG-Q061: no more inputs and dimensions than the kernel has room for."""
    for operator in view.graph.operators:
        signature = signature_of(operator.name)
        limits = signature.limits if signature else {}
        shapes = [tensor.shape for tensor in (*view.inputs(operator), *view.outputs(operator)) if tensor is not None]
        rank = max(map(len, shapes), default=0)
        if len(operator.inputs) > limits.get("inputs", _MANY):
            yield view.finding(
                "TG-Q061", f"{len(operator.inputs)} inputs; at most {limits['inputs']}", operator=operator
            )
        most = limits.get("dimensions", _MANY)
        if len(set(shapes[:2])) > 1:
            most = min(most, limits.get("broadcast_dimensions", _MANY))
        if rank > most:
            yield view.finding("TG-Q061", f"{rank} dimensions; at most {most}", operator=operator)


def check_options(view: View) -> Iterator[AuditFinding]:
    """TG-Q040: options are there, of the operator's own type, and can be computed with."""
    for operator in view.graph.operators:
        expected = options_type_of(operator.name)
        if operator.options_type == 0:
            wrong = ["no options"] if operator.name in _NEED_OPTIONS else []
        elif expected and operator.options_type != expected:
            wrong = [f"options of type {_type_name(operator.options_type)}; expected {_type_name(expected)}"]
        else:
            wrong = list(_wrong_options(operator))
        for values in wrong:
            yield view.finding("TG-Q040", values, operator=operator)


def _type_name(number: int) -> str:
    members = UNIONS["BuiltinOptions"]
    return members[number - 1] if number <= len(members) else f"unknown({number})"


def _wrong_options(operator: Operator) -> Iterator[str]:
    options = operator.options
    if isinstance(options, SoftmaxOptions) and not 0 < options.beta < math.inf:
        yield f"beta = {options.beta:g}"
    if isinstance(options, FullyConnectedOptions) and options.weights_format:
        yield f"weights format {options.weights_format}; expected 0, row by row"
    if isinstance(options, SplitOptions) and options.count != len(operator.outputs):
        yield f"{options.count} parts into {len(operator.outputs)} outputs"
    if isinstance(options, CountAxisOptions):
        tensors = operator.inputs if operator.name == "PACK" else operator.outputs
        if options.count != len(tensors):
            yield f"{options.count} tensors by its options, {len(tensors)} by the graph"
    if not isinstance(options, Conv2DOptions | DepthwiseConv2DOptions | TransposeConvOptions | Pool2DOptions):
        return
    for name, value in vars(options).items():
        if isinstance(value, int) and name != "depth_multiplier" and not 1 <= value <= _LARGEST_STEP:
            yield f"{name} = {value}"
    if options.padding not in ("SAME", "VALID"):
        yield f"padding {options.padding}"


def check_axes(view: View) -> Iterator[AuditFinding]:
    """TG-Q040: axes are dimensions of the input; squeezed ones have size 1."""
    for operator in view.graph.operators:
        inputs = view.inputs(operator)
        source = inputs[0] if inputs else None
        if source is not None and isinstance(operator.options, SqueezeOptions):
            yield from _check_squeezed(view, operator, operator.options.axes, source)
        if source is None or (operator.name not in _AXES_IN_SECOND_INPUT and operator.name != "CONCATENATION"):
            continue
        if isinstance(operator.options, ConcatenationOptions):
            axes = [operator.options.axis]
        else:
            values = values_of(inputs[1]) if len(inputs) > 1 else None
            axes = (
                [] if values is None or values.dtype.kind != "i" else [int(a) for a in values.reshape(-1)[:_MOST_AXES]]
            )
        rank = len(source.shape)
        outside = [axis for axis in axes if not -rank <= axis < max(rank, 1)]
        if outside:
            yield view.finding("TG-Q040", f"axis {outside[0]} of {rank} dimensions", operator=operator, tensor=source)


def _check_squeezed(view: View, operator: Operator, axes: tuple[int, ...], source: Tensor) -> Iterator[AuditFinding]:
    rank = len(source.shape)
    for axis in axes[:_MOST_AXES]:
        if not -rank <= axis < rank or source.shape[axis] != 1:
            values = f"axis {axis} of shape {source.shape} is to be dropped; its size must be 1"
            yield view.finding("TG-Q040", values, operator=operator, tensor=source)
            return
