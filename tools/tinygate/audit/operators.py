"""Checks on operators: fixed and kept scales, activations, what TFLM's kernels accept."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import CODE_RANGES, affine_of, is_usable
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflm.operators import FIXED_OUTPUTS, KEEPS_SCALE, signature_of

_EPSILON = 1e-3
_FIXED_TOLERANCE = 1e-4  # some converters write 1/65536 to five digits
_KNOWN_ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")
_RECURRENT = ("LSTM", "RNN", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "L2_NORMALIZATION")

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
            judged = source.dtype in CODE_RANGES and _has_kernel(operator, source.dtype)
            if before != after and source.dtype == result.dtype and judged:
                values = f"{affine_of(source)} goes in, {affine_of(result)} comes out"
                yield view.finding("TG-Q010", values, operator=operator, tensor=result, related=(source,))


def _has_kernel(operator: Operator, dtype: str) -> bool:
    """Whether the kernel takes this type at all: if not, what it does with scales is no question."""
    signature = signature_of(operator.name)
    return signature is None or any(dtype in types for types in signature.accepts)


def check_fixed_scales(view: View) -> Iterator[AuditFinding]:
    """TG-Q009: operators with a known output range have exactly that."""
    for operator in view.graph.operators:
        for result in view.outputs(operator):
            source = next(iter(view.inputs(operator)), None)
            expected = FIXED_OUTPUTS.get((operator.name, source.dtype if source else "", result.dtype))
            if expected is None or not result.scales:  # TG-Q036
                continue
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
    """TG-Q052: the input of SOFTMAX can tell classes apart."""
    for operator in view.graph.operators:
        source, result = next(iter(view.inputs(operator)), None), next(iter(view.outputs(operator)), None)
        if operator.name != "SOFTMAX" or source is None or result is None:
            continue
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
