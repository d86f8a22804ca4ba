"""What TensorFlow Lite Micro can do, operator by operator: the one table that the rest of tinygate asks.

Which operators exist and which types they take is in operators.json, found out by running the pinned wheel
(`python -m tinygate.tflm.derive`). What an operator means is here, where no program can find it out: which multiply
with weights, which only move values, which have a known output range. Standard library only: the firmware's
build asks too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinygate.tflite.model import Operator, Subgraph, Tensor, TfliteModel

TABLE_PATH = Path(__file__).with_name("operators.json")
NONE = "none"
"""The type of a tensor that is left out."""

INTEGER_WEIGHTS = ("int4", "int8", "uint8", "int16")


@dataclass(frozen=True)
class Weighted:
    """Where an operator that multiplies with weights has its tensors: positions among its inputs, and the dimension of
    the weights that counts output channels.
    """

    source: int
    weights: int
    bias: int
    axis: int


WEIGHTED = {
    "CONV_2D": Weighted(0, 1, 2, 0),
    "DEPTHWISE_CONV_2D": Weighted(0, 1, 2, 3),
    "FULLY_CONNECTED": Weighted(0, 1, 2, 0),
    "TRANSPOSE_CONV": Weighted(2, 1, 3, 0),
}
"""Operators that sum products of an input and constant weights, and add a bias."""

WEIGHT_INPUTS = {name: (places.source, places.weights) for name, places in WEIGHTED.items()} | {
    "BATCH_MATMUL": (0, 1), "SVDF": (0, 1), "UNIDIRECTIONAL_SEQUENCE_LSTM": (0, 2),
    "BIDIRECTIONAL_SEQUENCE_LSTM": (0, 2), "LSTM": (0, 2), "RNN": (0, 1), "UNIDIRECTIONAL_SEQUENCE_RNN": (0, 1),
    "BIDIRECTIONAL_SEQUENCE_RNN": (0, 1), "CONV_3D": (0, 1),
}  # fmt: skip
"""Positions of the data and of the (first) weights of every operator that has weights; some run on hosts only."""

KEEPS_SCALE: dict[str, tuple[int, ...] | None] = {
    "AVERAGE_POOL_2D": (0,), "MAX_POOL_2D": (0,), "CONCATENATION": None, "RESHAPE": (0,), "SQUEEZE": (0,),
    "EXPAND_DIMS": (0,), "PAD": (0,), "PADV2": (0, 2), "MIRROR_PAD": (0,), "SLICE": (0,), "STRIDED_SLICE": (0,),
    "TRANSPOSE": (0,), "GATHER": (0,), "GATHER_ND": (0,), "PACK": None, "UNPACK": (0,), "SPLIT": (1,), "SPLIT_V": (0,),
    "RESIZE_BILINEAR": (0,), "RESIZE_NEAREST_NEIGHBOR": (0,), "MAXIMUM": (0, 1), "MINIMUM": (0, 1), "REDUCE_MAX": (0,),
    "REDUCE_MIN": (0,), "SPACE_TO_BATCH_ND": (0,), "BATCH_TO_SPACE_ND": (0,), "DEPTH_TO_SPACE": (0,),
    "SPACE_TO_DEPTH": (0,), "BROADCAST_TO": (0,), "REVERSE_V2": (0,),
}  # fmt: skip
"""Operators that move or select values: the inputs that share scale and zero point with every output; None: all."""

FIXED_OUTPUTS = {
    ("SOFTMAX", "int8", "int8"): (1 / 256, -128), ("SOFTMAX", "int16", "int16"): (1 / 32768, 0),
    ("SOFTMAX", "int8", "int16"): (1 / 65536, -32768),
    ("LOGISTIC", "int8", "int8"): (1 / 256, -128), ("LOGISTIC", "int16", "int16"): (1 / 32768, 0),
    ("TANH", "int8", "int8"): (1 / 128, 0), ("TANH", "int16", "int16"): (1 / 32768, 0),
    ("L2_NORMALIZATION", "int8", "int8"): (1 / 128, 0), ("LOG_SOFTMAX", "int8", "int8"): (16 / 256, 127),
}  # fmt: skip
"""Scale and zero point of outputs whose range is known, by operator and types of input and output."""

FIXED_OUTPUT_OPERATORS = frozenset(name for name, _, _ in FIXED_OUTPUTS)

RESOLVER_METHODS = """
    Abs Add AddN ArgMax ArgMin AssignVariable AveragePool2D BatchMatMul BatchToSpaceNd BroadcastArgs BroadcastTo
    CallOnce Cast Ceil Concatenation Conv2D Cos CumSum DepthToSpace DepthwiseConv2D Dequantize Div DynamicUpdateSlice
    Elu EmbeddingLookup Equal Exp ExpandDims Fill Floor FloorDiv FloorMod FullyConnected Gather GatherNd Greater
    GreaterEqual HardSwish If L2Normalization L2Pool2D LeakyRelu Less LessEqual Log LogicalAnd LogicalNot LogicalOr
    Logistic LogSoftmax Maximum MaxPool2D Mean Minimum MirrorPad Mul Neg NotEqual Pack Pad PadV2 Prelu Quantize
    ReadVariable ReduceAll ReduceMax ReduceMin Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ReverseV2 Round
    Rsqrt SelectV2 Shape Sin Slice Softmax SpaceToBatchNd SpaceToDepth Split SplitV Sqrt Square SquaredDifference
    Squeeze StridedSlice Sub Sum Svdf Tanh Transpose TransposeConv UnidirectionalSequenceLSTM Unpack VarHandle While
    ZerosLike
""".split()
"""The Add…() methods of MicroMutableOpResolver that stand for a builtin operator (a test holds them to the table)."""

RESOURCE_OPERATORS = frozenset(("ASSIGN_VARIABLE", "CALL_ONCE", "READ_VARIABLE", "VAR_HANDLE"))
"""Operators on resource variables, for which an interpreter needs memory of its own."""


def method_of(operator: str) -> str | None:
    """Return the resolver's method that registers a builtin operator, without "Add"; None if there is none."""
    return _METHODS.get(operator.replace("_", ""))


_METHODS = {method.upper(): method for method in RESOLVER_METHODS}


@dataclass(frozen=True)
class Signature:
    """Which types an operator takes.

    Attributes:
        inputs, outputs: the group of each tensor, in the operator's order; tensors of one group have one type; "" for a
            tensor that nobody looks at.
        is_variadic: whether the last group may come any number of times.
        accepts: combinations of types, one per group of `groups`, that TFLM runs.
        per_channel: the same where weights have one scale per channel.
        limits: how many "dimensions" tensors may have, how many "broadcast_dimensions" where shapes differ, how many
            "inputs" there may be; what is not named has no limit that anybody met.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    is_variadic: bool
    accepts: frozenset[tuple[str, ...]]
    per_channel: frozenset[tuple[str, ...]]
    limits: Mapping[str, int]

    @property
    def groups(self) -> tuple[str, ...]:
        """Every group once, in order."""
        return tuple(dict.fromkeys(group for group in (*self.inputs, *self.outputs) if group))


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(TABLE_PATH.read_text(encoding="utf-8"))
    return loaded


def wheel_version() -> str:
    """Return the version of the wheel that the table was made from."""
    return str(_table()["tflite_micro"])


@cache
def registered() -> frozenset[str]:
    """Return every operator that TFLM can register, custom ones by their own names."""
    return frozenset(_table()["operators"])


@cache
def signature_of(operator: str) -> Signature | None:
    """Return which types `operator` takes, None if TFLM has no such operator or the table says nothing about types."""
    row = _table()["operators"].get(operator)
    if not row or not row.get("accepts"):
        return None
    return Signature(
        inputs=tuple(row["inputs"]),
        outputs=tuple(row["outputs"]),
        is_variadic=row.get("variadic", False),
        accepts=frozenset(tuple(words.split()) for words in row["accepts"]),
        per_channel=frozenset(tuple(words.split()) for words in row.get("per_channel", row["accepts"])),
        limits=row.get("limits", {}),
    )


def is_hybrid(operator: Operator, inputs: Sequence[Tensor | None]) -> bool:
    """Return whether an operator multiplies floating-point data with integer weights, which TFLM does not."""
    places = WEIGHT_INPUTS.get(operator.name)
    if places is None or max(places) >= len(inputs):
        return False
    source, weights = (inputs[place] for place in places)
    if source is None or weights is None or source.dtype != "float32":
        return False
    return weights.is_constant and weights.dtype in INTEGER_WEIGHTS


def hybrid_operator(model: TfliteModel, graph: Subgraph | None = None) -> Operator | None:
    """Return the first hybrid operator of a subgraph (the main one), None if there is none."""
    graph = graph or model.main
    for operator in graph.operators:
        tensors = [graph.tensors[i] if 0 <= i < len(graph.tensors) else None for i in operator.inputs]
        if is_hybrid(operator, tensors):
            return operator
    return None
