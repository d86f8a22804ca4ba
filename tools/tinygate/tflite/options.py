"""Options of the operators that tinygate looks inside, each field with its place in the schema's table.

Fields are declared in the order of schema.fbs; the reader fills them from the slots named here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tinygate.tflite.layout import UNIONS
from tinygate.tflite.schema import ACTIVATIONS, OPERATORS, PADDINGS, name_of


def slot(number: int, code: str, default: Any = 0, names: tuple[str, ...] = ()) -> Any:
    """Declare an options field: slot, `struct` code ("[i" a vector, "s" a string), default, names if enumerated."""
    shown = () if code.startswith("[") else name_of(names, default) if names else default
    return field(default=shown, metadata={"slot": number, "code": code, "default": default, "names": names})


@dataclass(frozen=True)
class Options:
    """Options of an operator that has none or none that tinygate looks at."""


@dataclass(frozen=True)
class FusedOptions(Options):
    """Options of which only the fused activation matters: ADD, SUB, MUL, DIV, L2_NORMALIZATION, LSTM, RNN."""

    activation: str = slot(0, "b", names=ACTIVATIONS)


@dataclass(frozen=True)
class SvdfOptions(Options):
    """Options of SVDF."""

    rank: int = slot(0, "i")
    activation: str = slot(1, "b", names=ACTIVATIONS)


@dataclass(frozen=True)
class Conv2DOptions(Options):
    """Options of CONV_2D; strides and dilations in elements."""

    padding: str = slot(0, "b", names=PADDINGS)
    stride_w: int = slot(1, "i")
    stride_h: int = slot(2, "i")
    activation: str = slot(3, "b", names=ACTIVATIONS)
    dilation_w: int = slot(4, "i", 1)
    dilation_h: int = slot(5, "i", 1)


@dataclass(frozen=True)
class DepthwiseConv2DOptions(Options):
    """Options of DEPTHWISE_CONV_2D; strides and dilations in elements."""

    padding: str = slot(0, "b", names=PADDINGS)
    stride_w: int = slot(1, "i")
    stride_h: int = slot(2, "i")
    depth_multiplier: int = slot(3, "i")
    activation: str = slot(4, "b", names=ACTIVATIONS)
    dilation_w: int = slot(5, "i", 1)
    dilation_h: int = slot(6, "i", 1)


@dataclass(frozen=True)
class TransposeConvOptions(Options):
    """Options of TRANSPOSE_CONV; strides in elements."""

    padding: str = slot(0, "b", names=PADDINGS)
    stride_w: int = slot(1, "i")
    stride_h: int = slot(2, "i")
    activation: str = slot(3, "b", names=ACTIVATIONS)


@dataclass(frozen=True)
class Pool2DOptions(Options):
    """Options of AVERAGE_POOL_2D, MAX_POOL_2D, L2_POOL_2D; strides and filter in elements."""

    padding: str = slot(0, "b", names=PADDINGS)
    stride_w: int = slot(1, "i")
    stride_h: int = slot(2, "i")
    filter_w: int = slot(3, "i")
    filter_h: int = slot(4, "i")
    activation: str = slot(5, "b", names=ACTIVATIONS)


@dataclass(frozen=True)
class FullyConnectedOptions(Options):
    """Options of FULLY_CONNECTED."""

    activation: str = slot(0, "b", names=ACTIVATIONS)
    weights_format: int = slot(1, "b")
    keep_num_dims: bool = slot(2, "?", False)


@dataclass(frozen=True)
class SoftmaxOptions(Options):
    """Options of SOFTMAX: softmax(beta · x)."""

    beta: float = slot(0, "f", 0.0)


@dataclass(frozen=True)
class ConcatenationOptions(Options):
    """Options of CONCATENATION."""

    axis: int = slot(0, "i")
    activation: str = slot(1, "b", names=ACTIVATIONS)


@dataclass(frozen=True)
class ReshapeOptions(Options):
    """Options of RESHAPE: the shape, if it is not given by the second input."""

    new_shape: tuple[int, ...] = slot(0, "[i")


@dataclass(frozen=True)
class ReducerOptions(Options):
    """Options of MEAN, SUM, REDUCE_MAX, …: whether reduced dimensions stay as 1."""

    keep_dims: bool = slot(0, "?", False)


@dataclass(frozen=True)
class AxisOptions(Options):
    """Options of GATHER: the axis."""

    axis: int = slot(0, "i")


@dataclass(frozen=True)
class CountAxisOptions(Options):
    """Options of PACK and UNPACK: how many tensors along which axis."""

    count: int = slot(0, "i")
    axis: int = slot(1, "i")


@dataclass(frozen=True)
class SqueezeOptions(Options):
    """Options of SQUEEZE: the dimensions to drop; none for all of size 1."""

    axes: tuple[int, ...] = slot(0, "[i")


@dataclass(frozen=True)
class SplitOptions(Options):
    """Options of SPLIT and SPLIT_V: the number of parts."""

    count: int = slot(0, "i")


@dataclass(frozen=True)
class StridedSliceOptions(Options):
    """Options of STRIDED_SLICE: bit masks over dimensions, as in NumPy's notation: begin and end left out, `...`, new
    axes, single indices.
    """

    begin_mask: int = slot(0, "i")
    end_mask: int = slot(1, "i")
    ellipsis_mask: int = slot(2, "i")
    new_axis_mask: int = slot(3, "i")
    shrink_axis_mask: int = slot(4, "i")


@dataclass(frozen=True)
class LeakyReluOptions(Options):
    """Options of LEAKY_RELU: alpha · x for x < 0."""

    alpha: float = slot(0, "f", 0.0)


@dataclass(frozen=True)
class CallOnceOptions(Options):
    """Options of CALL_ONCE: the subgraph it runs."""

    subgraph: int = slot(0, "i")

    def subgraphs(self) -> tuple[int, ...]:
        """Return the subgraphs that the operator runs."""
        return (self.subgraph,)


@dataclass(frozen=True)
class BranchOptions(Options):
    """Options of IF (then, else) and WHILE (condition, body): the subgraphs they run."""

    first_subgraph: int = slot(0, "i")
    second_subgraph: int = slot(1, "i")

    def subgraphs(self) -> tuple[int, ...]:
        """Return the subgraphs that the operator runs."""
        return (self.first_subgraph, self.second_subgraph)


@dataclass(frozen=True)
class BatchMatmulOptions(Options):
    """Options of BATCH_MATMUL: which operands are stored transposed."""

    adjoint_x: bool = slot(0, "?", False)
    adjoint_y: bool = slot(1, "?", False)


@dataclass(frozen=True)
class VarHandleOptions(Options):
    """Options of VAR_HANDLE: the resource variable that it names."""

    container: str = slot(0, "s", "")
    shared_name: str = slot(1, "s", "")


OPTION_TYPES: dict[int, type[Options]] = {
    1: Conv2DOptions,
    2: DepthwiseConv2DOptions,
    5: Pool2DOptions,
    6: SvdfOptions,
    7: FusedOptions,  # RNN
    8: FullyConnectedOptions,
    9: SoftmaxOptions,
    10: ConcatenationOptions,
    11: FusedOptions,  # ADD
    12: FusedOptions,  # L2_NORMALIZATION
    14: FusedOptions,  # LSTM
    17: ReshapeOptions,
    21: FusedOptions,  # MUL
    23: AxisOptions,
    27: ReducerOptions,
    28: FusedOptions,  # SUB
    29: FusedOptions,  # DIV
    30: SqueezeOptions,
    32: StridedSliceOptions,
    35: SplitOptions,
    49: TransposeConvOptions,
    59: CountAxisOptions,
    64: CountAxisOptions,
    71: FusedOptions,  # UNIDIRECTIONAL_SEQUENCE_LSTM
    75: LeakyReluOptions,
    79: SplitOptions,  # SPLIT_V
    92: BranchOptions,
    93: BranchOptions,
    101: BatchMatmulOptions,
    103: CallOnceOptions,
    111: VarHandleOptions,
}
"""Options by their number in the schema's union BuiltinOptions."""

_IRREGULAR_NAMES = {
    "AVERAGE_POOL_2D": "Pool2D", "MAX_POOL_2D": "Pool2D", "L2_POOL_2D": "Pool2D", "L2_NORMALIZATION": "L2Norm",
    "MEAN": "Reducer", "SUM": "Reducer", "REDUCE_PROD": "Reducer", "REDUCE_MAX": "Reducer", "REDUCE_MIN": "Reducer",
    "REDUCE_ANY": "Reducer", "REDUCE_ALL": "Reducer", "MAXIMUM": "MaximumMinimum", "MINIMUM": "MaximumMinimum",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "SequenceRNN", "CONV_3D_TRANSPOSE": "Conv3D", "MULTINOMIAL": "Random",
    "RANDOM_UNIFORM": "Random", "RANDOM_STANDARD_NORMAL": "Random",
}  # fmt: skip


def options_type_of(operator: str) -> int:
    """Return the number in the union BuiltinOptions that an operator's options must have; 0 if it has none."""
    name = _IRREGULAR_NAMES.get(operator, operator.replace("_", "")).lower() + "options"
    return _NUMBERS.get(name, 0) if operator in OPERATORS else 0


_NUMBERS = {member.lower(): number for number, member in enumerate(UNIONS["BuiltinOptions"], 1)}
