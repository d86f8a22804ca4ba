"""Checks on operators: fixed and kept scales, activations, what TFLM's kernels accept."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import CODE_RANGES, affine_of, is_usable
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Tensor

_EPSILON = 1e-3
_FIXED_TOLERANCE = 1e-4  # some converters write 1/65536 to five digits
_ONE_OUTPUT = {
    "SOFTMAX": {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)},
    "LOGISTIC": {"int8": (1 / 256, -128), "int16": (1 / 32768, 0)},
    "TANH": {"int8": (1 / 128, 0), "int16": (1 / 32768, 0)},
    "L2_NORMALIZATION": {"int8": (1 / 128, 0)},
    "LOG_SOFTMAX": {"int8": (16 / 256, 127)},
}
_WIDE_SOFTMAX = (1 / 65536, -32768)  # int8 in, int16 out

# operator → positions of the inputs that must share scale and zero point with every output; None: all of them
KEEPS_SCALE: dict[str, tuple[int, ...] | None] = {
    "AVERAGE_POOL_2D": (0,), "MAX_POOL_2D": (0,), "CONCATENATION": None, "RESHAPE": (0,), "SQUEEZE": (0,),
    "EXPAND_DIMS": (0,), "PAD": (0,), "PADV2": (0, 2), "MIRROR_PAD": (0,), "SLICE": (0,), "STRIDED_SLICE": (0,),
    "TRANSPOSE": (0,), "GATHER": (0,), "GATHER_ND": (0,), "PACK": None, "UNPACK": (0,), "SPLIT": (1,), "SPLIT_V": (0,),
    "RESIZE_BILINEAR": (0,), "RESIZE_NEAREST_NEIGHBOR": (0,), "MAXIMUM": (0, 1), "MINIMUM": (0, 1), "REDUCE_MAX": (0,),
    "REDUCE_MIN": (0,), "SPACE_TO_BATCH_ND": (0,), "BATCH_TO_SPACE_ND": (0,), "DEPTH_TO_SPACE": (0,),
    "SPACE_TO_DEPTH": (0,), "BROADCAST_TO": (0,), "REVERSE_V2": (0,),
}  # fmt: skip
_KNOWN_ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
_RECURRENT = ("LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "L2_NORMALIZATION")

_SOFTMAX_TYPES = {("float32", "float32"), ("int8", "int8"), ("int8", "int16"), ("int16", "int16")}
_NARROWEST_LOGITS = 2.0


def data_inputs(view: View, operator: Operator) -> list[Tensor]:
    """Return the inputs whose values the operator passes on, for operators that keep scales."""
    inputs = view.inputs(operator)
    places = KEEPS_SCALE.get(operator.name, ())
    chosen = inputs if places is None else [inputs[p] for p in places if p < len(inputs)]
    return [tensor for tensor in chosen if tensor is not None]


def check_kept_scales(view: View) -> Iterator[AuditFinding]:
    """TG-Q010: operators that move values keep scale and zero point."""
    for operator in view.graph.operators:
        sources, results = data_inputs(view, operator), view.outputs(operator)
        pairs = [(source, results[0]) for source in sources] if results else []
        pairs += [(sources[0], result) for result in results[1:]] if sources else []
        for source, result in pairs:
            before, after = (source.scales, source.zero_points), (result.scales, result.zero_points)
            if before != after and source.dtype == result.dtype and source.dtype in CODE_RANGES:
                values = f"{affine_of(source)} goes in, {affine_of(result)} comes out"
                yield view.finding("TG-Q010", values, operator=operator, tensor=result, related=(source,))


def check_fixed_scales(view: View) -> Iterator[AuditFinding]:
    """TG-Q009: operators with a known output range have exactly that."""
    for operator in view.graph.operators:
        for result in view.outputs(operator):
            expected = _ONE_OUTPUT.get(operator.name, {}).get(result.dtype)
            if expected is None or not result.scales:  # TG-Q036
                continue
            sources = view.inputs(operator)
            if operator.name == "SOFTMAX" and result.dtype == "int16" and sources and sources[0] is not None:
                expected = _WIDE_SOFTMAX if sources[0].dtype == "int8" else expected
            off = any(abs(scale / expected[0] - 1) > _FIXED_TOLERANCE for scale in result.scales)
            if off or result.zero_points != expected[1:]:
                values = f"{affine_of(result)}; expected scale {expected[0]:g}, zero point {expected[1]}"
                yield view.finding("TG-Q009", values, operator=operator, tensor=result)


def check_activations(view: View) -> Iterator[AuditFinding]:
    """TG-Q012: fused activations that TFLM knows. TG-Q011: that waste no codes."""
    for operator in view.graph.operators:
        activation = getattr(operator.options, "activation", "NONE")
        if activation not in _KNOWN_ACTIVATIONS and operator.name not in _RECURRENT:
            yield view.finding("TG-Q012", f"activation {activation}", operator=operator)
        for result in view.outputs(operator)[:1]:
            if result.dtype != "int8" or len(result.scales) != 1 or len(result.zero_points) != 1:
                continue
            wasted = result.zero_points[0] + 128
            if activation in ("RELU", "RELU6") and wasted > 0:
                values = f"zero point {result.zero_points[0]}: {min(wasted, 256)} of 256 codes wasted"
                yield view.finding("TG-Q011", values, operator=operator, tensor=result)
            elif activation == "RELU6" and result.scales[0] > 6 / 255 * (1 + _EPSILON):
                used = int(6 / result.scales[0]) + 1
                values = f"scale {result.scales[0]:g}: {256 - used} of 256 codes lie beyond 6"
                yield view.finding("TG-Q011", values, operator=operator, tensor=result)


def check_softmax(view: View) -> Iterator[AuditFinding]:
    """TG-Q030 for SOFTMAX. TG-Q052: its input can tell classes apart."""
    for operator in view.graph.operators:
        source, result = next(iter(view.inputs(operator)), None), next(iter(view.outputs(operator)), None)
        if operator.name != "SOFTMAX" or source is None or result is None:
            continue
        if (source.dtype, result.dtype) not in _SOFTMAX_TYPES:
            values = f"input {source.dtype}, output {result.dtype}"
            odd = view.oddest(result, source)
            other = source if odd is result else result
            yield view.finding("TG-Q030", values, operator=operator, tensor=odd, related=(other,))
        if source.dtype == "int8" and len(source.scales) == 1 and is_usable(source.scales[0]):
            span = 255 * source.scales[0] * getattr(operator.options, "beta", 1.0)
            if span < _NARROWEST_LOGITS:
                values = f"logits span {span:.3g}: no class is ever {math.exp(span):.3g} times as likely as another"
                yield view.finding("TG-Q052", values, operator=operator, tensor=source)


def check_sums(view: View) -> Iterator[AuditFinding]:
    """TG-Q045: the fixed-point multipliers of ADD and SUB exist."""
    for operator in view.graph.operators:
        tensors = [*view.inputs(operator), *view.outputs(operator)]
        if operator.name not in ("ADD", "SUB") or len(tensors) != 3:
            continue
        scales = [t.scales[0] for t in tensors if t is not None and t.dtype == "int8" and len(t.scales) == 1]
        if len(scales) != 3 or not all(map(is_usable, scales)):
            continue
        twice = 2 * max(scales[:2])
        multipliers = (scales[0] / twice, scales[1] / twice, twice / (2**20 * scales[2]))
        if min(multipliers) < 2.0**-32 or multipliers[2] >= 1:
            values = f"scales {scales[0]:g} and {scales[1]:g} to {scales[2]:g}: multiplier {multipliers[2]:g}"
            yield view.finding("TG-Q045", values, operator=operator, tensor=view.outputs(operator)[0])
