"""Checks on single tensors: parameters, data, weights."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import CODE_RANGES, Product, is_usable, values_of
from tinygate.audit.view import View, some
from tinygate.tflite.model import NUMPY_TYPES, Tensor

_KNOWN_BITS = {"int4": 4, "int2": 2, "uint4": 4, "bfloat16": 16, "complex64": 64, "complex128": 128}
_CLIPPED_SHARE, _CLIPPED_WEIGHTS = 0.1, 32
_RECORDED_TOLERANCE = 0.05
_BIAS_LIMIT = 2**30  # converters enlarge the scale of dead channels until the bias is that,
_BIAS_LIMIT_ROUNDED = 2**30 + 2**7  # computed in float32: the next one is possible too
_PLAUSIBLE_SCALES = (1e-9, 1e4)
_TFMOT_INITIAL_SCALE = 12 / 255


def check_scales(view: View) -> Iterator[AuditFinding]:
    """TG-Q001: scales are positive, finite and normal. TG-Q048: and plausible."""
    for tensor in view.graph.tensors:
        bad = [c for c, scale in enumerate(tensor.scales) if not is_usable(scale)]
        if bad:
            found = f"scale {tensor.scales[bad[0]]:g}" if len(tensor.scales) == 1 else some(bad)
            shown = "" if len(tensor.scales) == 1 else f" with scale {tensor.scales[bad[0]]:g}"
            yield view.finding("TG-Q001", f"{found}{shown}; expected a positive finite number", tensor=tensor)
        elif tensor.dtype in ("int8", "int16") and len(tensor.scales) == 1 and not _is_constant(view, tensor):
            low, high = _PLAUSIBLE_SCALES
            if not low <= tensor.scales[0] <= high:
                yield view.finding(
                    "TG-Q048", f"scale {tensor.scales[0]:g}; expected {low:g} to {high:g}", tensor=tensor
                )


def check_counts(view: View) -> Iterator[AuditFinding]:
    """TG-Q022: as many zero points as scales, one or one per channel. TG-Q004: the channel dimension exists."""
    for tensor in view.graph.tensors:
        scales, zero_points = len(tensor.scales), len(tensor.zero_points)
        if scales != zero_points:
            yield view.finding(
                "TG-Q022", f"{scales} scales, {zero_points} zero points; expected as many", tensor=tensor
            )
        if scales <= 1:
            continue
        axis = tensor.quantized_dimension if len(tensor.shape) != 1 else 0  # old converters leave biases another number
        if not 0 <= axis < len(tensor.shape):
            yield view.finding("TG-Q004", f"channel dimension {axis} of shape {tensor.shape}", tensor=tensor)
        elif scales != tensor.shape[axis]:
            expected = f"expected 1 or {tensor.shape[axis]}, dimension {axis} of shape {tensor.shape}"
            yield view.finding("TG-Q022", f"{scales} scales; {expected}", tensor=tensor)


def check_zero_points(view: View) -> Iterator[AuditFinding]:
    """TG-Q002: zero points of activations are codes. TG-Q037: activations are quantized per tensor."""
    for tensor in view.graph.tensors:
        if tensor.index in view.weight_indices or tensor.dtype not in CODE_RANGES:
            continue
        low, high = (0, 0) if tensor.dtype == "int16" else CODE_RANGES[tensor.dtype]
        if tensor.index in view.softmax_outputs and tensor.dtype == "int16":
            low, high = -32768, 0  # after an int8 input the zero point is -32768
        bad = [z for z in tensor.zero_points if not low <= z <= high]
        if bad:
            yield view.finding("TG-Q002", f"zero point {bad[0]}; expected {low} to {high}", tensor=tensor)
        if len(tensor.scales) > 1 and not _is_constant(view, tensor):
            yield view.finding("TG-Q037", f"{len(tensor.scales)} scales; expected one", tensor=tensor)


def check_types(view: View) -> Iterator[AuditFinding]:
    """TG-Q046: known types, no negative dimension. TG-Q038: how constants are stored. TG-Q043: a learnt range."""
    for tensor in view.graph.tensors:
        if tensor.dtype.startswith("unknown("):
            yield view.finding("TG-Q046", f"type {tensor.dtype}", tensor=tensor)
        if any(size < 0 for size in tensor.shape):
            yield view.finding("TG-Q046", f"shape {tensor.shape}", tensor=tensor)
        stored = [
            "sparse" if tensor.is_sparse else "",
            "data outside the file" if tensor.external_buffer else "",
            f"{tensor.quantization_details} quantization" if tensor.quantization_details else "",
            "a constant marked as a variable" if tensor.is_variable and _is_constant(view, tensor) else "",
        ]
        if any(stored):
            yield view.finding("TG-Q038", ", ".join(filter(None, stored)), tensor=tensor)
        is_activation = tensor.dtype == "int8" and not _is_constant(view, tensor) and len(tensor.scales) == 1
        if is_activation and abs(tensor.scales[0] / _TFMOT_INITIAL_SCALE - 1) < 1e-5:
            yield view.finding("TG-Q043", f"scale {tensor.scales[0]:g} = 12/255", tensor=tensor)


def check_recorded_ranges(view: View) -> Iterator[AuditFinding]:
    """TG-Q051: scale and zero point agree with the range that the converter recorded."""
    for tensor in view.graph.tensors:
        recorded = len(tensor.minimum) == len(tensor.maximum) == len(tensor.scales) == len(tensor.zero_points) == 1
        if not recorded or tensor.dtype != "int8" or _is_constant(view, tensor) or not is_usable(tensor.scales[0]):
            continue
        low, high = ((code - tensor.zero_points[0]) * tensor.scales[0] for code in CODE_RANGES["int8"])
        width = high - low
        wrong = max(abs(low - min(tensor.minimum[0], 0.0)), abs(high - max(tensor.maximum[0], 0.0)))
        if not wrong <= _RECORDED_TOLERANCE * width:
            values = (
                f"codes cover {low:.4g} to {high:.4g}, recorded are {tensor.minimum[0]:.4g} to {tensor.maximum[0]:.4g}"
            )
            yield view.finding("TG-Q051", values, tensor=tensor)


def check_data(view: View) -> Iterator[AuditFinding]:
    """TG-Q024: data fill the shape. TG-Q041: and are aligned."""
    for tensor in view.graph.tensors:
        bits = _bits(tensor)
        if not tensor.data or tensor.is_sparse or bits is None or any(size < 0 for size in tensor.shape):
            continue
        expected = (tensor.element_count * bits + 7) // 8
        if len(tensor.data) != expected:
            values = f"{len(tensor.data)} bytes; shape {tensor.shape} of {tensor.dtype} takes {expected}"
            yield view.finding("TG-Q024", values, tensor=tensor)
        offset, alignment = view.model.buffers[tensor.buffer].offset_bytes, min(bits // 8, 4) if bits > 8 else 1
        if offset % alignment:
            values = f"data at byte {offset} of the file; expected a multiple of {alignment}"
            yield view.finding("TG-Q041", values, tensor=tensor)


def check_weights(view: View) -> Iterator[AuditFinding]:
    """TG-Q003, Q004, Q025, Q026, Q033: weights are symmetric, per output channel, unclipped."""
    for product in view.products:
        weights = product.weights
        if weights.dtype not in ("int8", "int4", "int16"):
            continue
        off = [c for c, zero_point in enumerate(weights.zero_points) if zero_point != 0]
        if off and product.is_integer:
            values = f"zero point {weights.zero_points[off[0]]} in {some(off)}; expected 0"
            yield view.finding("TG-Q003", values, operator=product.operator, tensor=weights)
        if len(weights.scales) > 1 and weights.quantized_dimension != product.axis:
            values = f"channel dimension {weights.quantized_dimension}; {product.operator.name} takes {product.axis}"
            yield view.finding("TG-Q004", values, operator=product.operator, tensor=weights)
        if weights.dtype == "int8":
            yield from _check_codes(view, product)


def _check_codes(view: View, product: Product) -> Iterator[AuditFinding]:
    sums = product.sums
    say = partial(view.finding, operator=product.operator, tensor=product.weights)
    if sums is None:
        return
    if sums.minus_128:
        values = f"{sums.minus_128} of {len(sums.largest) * sums.per_channel} weights are -128"
        yield say("TG-Q025", values)
    largest = sums.largest if len(product.weights.scales) > 1 else sums.largest.max(keepdims=True)
    shy = np.flatnonzero((largest > 0) & (largest < 127))
    if shy.size:
        values = f"largest code {largest[shy[0]]} in {some(shy)}; expected 127"
        yield say("TG-Q026", values)
    share = sums.outermost / sums.per_channel
    clipped = np.flatnonzero((share >= _CLIPPED_SHARE) & (sums.per_channel >= _CLIPPED_WEIGHTS))
    if clipped.size:
        values = f"{share[clipped[0]]:.0%} of the weights at the outermost codes in {some(clipped)}"
        yield say("TG-Q033", values)


def check_biases(view: View) -> Iterator[AuditFinding]:
    """TG-Q027, Q006, Q004, Q053: biases have zero point 0, are small and quantized. TG-Q021: and there."""
    for product in view.products:
        bias, at = product.bias, product.operator
        if bias is None:
            yield view.finding("TG-Q021", "no bias", operator=at)
        elif product.is_integer:
            if len(bias.scales) > 1 and bias.quantized_dimension not in (0, product.axis):
                values = f"channel dimension {bias.quantized_dimension}; expected 0"
                yield view.finding("TG-Q004", values, operator=at, tensor=bias)
            if not bias.scales and product.weights.scales:
                related = (product.source, product.weights)
                yield view.finding("TG-Q053", "no scale and zero point", operator=at, tensor=bias, related=related)
            if any(bias.zero_points):
                off = [c for c, zero_point in enumerate(bias.zero_points) if zero_point]
                values = f"zero point {bias.zero_points[off[0]]} in {some(off)}; expected 0"
                yield view.finding("TG-Q027", values, operator=at, tensor=bias)
            codes = values_of(bias) if bias.dtype == "int32" else None
            magnitudes = np.abs(np.zeros(0) if codes is None else codes.astype(np.int64))
            large = np.flatnonzero((magnitudes > _BIAS_LIMIT) & (magnitudes != _BIAS_LIMIT_ROUNDED))
            if large.size:
                yield view.finding("TG-Q006", f"a magnitude beyond 2^30 in {some(large)}", operator=at, tensor=bias)


def _is_constant(view: View, tensor: Tensor) -> bool:
    return tensor.is_constant or tensor.index in view.weight_indices


def _bits(tensor: Tensor) -> int | None:
    if tensor.dtype in NUMPY_TYPES:
        return np.dtype(NUMPY_TYPES[tensor.dtype]).itemsize * 8
    return _KNOWN_BITS.get(tensor.dtype)
