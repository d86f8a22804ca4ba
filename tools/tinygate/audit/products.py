"""Checks on convolutions and matrix products: do scales, biases and accumulators fit each other?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tinygate.audit.finding import AuditFinding
from tinygate.audit.product import CODE_RANGES, SMALLEST_NORMAL, Product, is_usable, values_of
from tinygate.audit.view import View, some
from tinygate.quant.fixed_point import quantize_multipliers
from tinygate.tflite.model import Tensor

_BIAS_SCALE_TOLERANCE = 1e-3
_INT32_END = 2.0**31
_SMALLEST_MULTIPLIER = 2.0**-32
_SMALLEST_SPAN = 0.5
_LARGEST_ORDINARY_SPAN = 16.0
_USUAL_ORDINARY_SPAN = 0.16  # median of 1207 layers of public int8 models; half of them lie in 0.09 to 0.23
_CLEARLY_BETTER = 0.5
_LARGEST_ELEMENT_RATIO = 100.0
_ORDINARY_CODE_DEVIATION = 40.0


def check_bias_scales(view: View) -> Iterator[AuditFinding]:
    """TG-Q005: s_b = s_in · s_w."""
    makers = {product.result.index: product for product in view.products}
    for product in view.products:
        bias = product.bias
        if bias is None or not product.is_integer or not bias.scales or not _scales_fit(product):
            continue
        expected = product.source.scales[0] * np.array(product.weights.scales)
        given = np.array(bias.scales)
        if given.size != expected.size and 1 not in (given.size, expected.size):
            continue
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            ratio = given / expected
        wrong = ~(np.abs(ratio - 1) <= _BIAS_SCALE_TOLERANCE)
        off = np.flatnonzero(wrong & _nonzero(bias, ratio.size))  # a bias of 0 is 0 in every unit
        if off.size:
            c = int(off[0])
            wanted = np.broadcast_to(expected, ratio.shape)[c]
            found = np.broadcast_to(given, ratio.shape)[c]
            values = f"scale {found:g}, input scale times weight scale {wanted:g} (ratio {ratio[c]:g}) in {some(off)}"
            first, *others = _suspects(product, makers.get(product.source.index), bias, ratio)
            yield view.finding("TG-Q005", values, operator=product.operator, tensor=first, related=tuple(others))


def _nonzero(bias: Tensor, channels: int) -> NDArray[np.bool_]:
    """Return which channels have a bias other than 0 [channels], or [1] whether any has; True where it is unknown."""
    codes = values_of(bias)
    if codes is None:
        return np.ones(1, bool)
    flat = codes.reshape(-1) != 0
    return flat if flat.size == channels else np.array([flat.any()])


def _suspects(product: Product, maker: Product | None, bias: Tensor, ratio: NDArray[np.float64]) -> tuple[Tensor, ...]:
    """Return bias, input and weights, the one first whose scale was altered by the look of it.

    If all channels are off by one factor, it is the bias, unless results fit the output's range better with that
    factor put right in input or weights. The input it is only if `maker`, the product that computes it, has an odd
    output range as well.
    """
    others = (bias, product.source, product.weights)
    factor = float(ratio.flat[0])
    if not (0 < factor < math.inf) or not np.allclose(ratio, factor, rtol=0.01) or not _is_odd(product, factor):
        return others
    if maker is not None and _is_odd(maker, 1 / factor):
        return product.source, product.weights, bias
    return product.weights, product.source, bias


def _is_odd(product: Product, factor: float) -> bool:
    """Whether ordinary results would suit the output's range clearly better if they were `factor` times as large."""
    if product.sums is None or not product.is_integer or not product.has_usable_scales:
        return False
    spans = _ordinary_spans(product)
    usual = float(np.median(spans[spans > 0])) / _USUAL_ORDINARY_SPAN if (spans > 0).any() else 1.0
    return abs(math.log(usual * factor)) < abs(math.log(usual)) - _CLEARLY_BETTER


def _scales_fit(product: Product) -> bool:
    source, weights = product.source.scales, product.weights.scales
    return len(source) == 1 and bool(weights) and all(is_usable(s) for s in (*source, *weights))


def check_multipliers(view: View) -> Iterator[AuditFinding]:
    """TG-Q008: s_in · s_w / s_out does not vanish. TG-Q028: nor exceeds 1."""
    for product in view.products:
        if not product.is_integer or not product.has_usable_scales:
            continue
        multipliers = product.multipliers
        vanishing = np.flatnonzero(multipliers < _SMALLEST_MULTIPLIER)
        if 2 * vanishing.size < multipliers.size:  # single dead channels do that in good models
            vanishing = vanishing[:0]
        above = np.flatnonzero(multipliers >= 1)
        for code, channels, expected in (("TG-Q008", vanishing, "at least 2^-32"), ("TG-Q028", above, "below 1")):
            if channels.size:
                values = f"multiplier {multipliers[channels[0]]:g} in {some(channels)}; expected {expected}"
                related = (product.source, product.weights)
                yield view.finding(code, values, operator=product.operator, tensor=product.result, related=related)


def check_accumulators(view: View) -> Iterator[AuditFinding]:
    """TG-Q007: Σ|w| · max|x - zp| + |b| stays in 32 bits, and after a left shift too."""
    for product in view.products:
        bound = _bound(product)
        if bound is None:
            continue
        with np.errstate(over="ignore"):
            shifted = bound * 2.0 ** np.maximum(_left_shifts(product), 0)
        over = np.flatnonzero(~(shifted < _INT32_END))
        if over.size:
            values = f"up to {shifted[over[0]]:.3g} in {some(over)}; int32 ends at {_INT32_END:.3g}"
            related = tuple(tensor for tensor in (product.source, product.bias) if tensor is not None)
            at = product.operator
            yield view.finding("TG-Q007", values, operator=at, tensor=product.weights, related=related)


def _bound(product: Product) -> NDArray[np.float64] | None:
    """Return the largest magnitude of each channel's accumulator, in any order of summation; None if not int32."""
    sums, source, bias = product.sums, product.source, product.bias
    wide = bias is not None and bias.dtype == "int64"
    if sums is None or wide or not product.is_integer or len(source.zero_points) != 1:
        return None
    low, high = CODE_RANGES[source.dtype]
    zero_point = float(source.zero_points[0])
    bound = (sums.positive - sums.negative) * max(abs(low - zero_point), abs(high - zero_point))
    offset = values_of(bias)
    if offset is not None and offset.size == len(bound):
        bound = bound + np.abs(offset.reshape(-1).astype(np.float64))
    return np.asarray(bound, np.float64)


def _left_shifts(product: Product) -> NDArray[np.float64]:
    if not product.has_usable_scales:
        return np.zeros(1)
    return quantize_multipliers(np.minimum(product.multipliers, 2.0**60))[1].astype(np.float64)


def check_reach(view: View) -> Iterator[AuditFinding]:
    """TG-Q034: no channel answers with one code only. TG-Q035, TG-Q050: the output's range fits what is computed."""
    for product in view.products:
        reach = product.reach if product.is_integer and product.has_usable_scales else None
        if reach is None or product.result.dtype != "int8":
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            codes = [_codes(product, bound) for bound in reach]
            spans = (reach[1] - reach[0]) * product.multipliers / 255
        say = partial(view.finding, operator=product.operator, related=(product.source, product.weights))
        constant = np.flatnonzero(codes[0] == codes[1])
        if constant.size:
            values = f"always code {int(codes[0][constant[0]])} in {some(constant)}"
            yield say("TG-Q034", values, tensor=product.bias or product.weights)
        if not spans.max() >= _SMALLEST_SPAN:
            values = f"inputs can cause {spans.max():.1%} of the output's range"
            yield say("TG-Q035", values, tensor=product.result)
        ordinary = _ordinary_spans(product)
        if ordinary.max() > _LARGEST_ORDINARY_SPAN:
            channels = np.flatnonzero(ordinary > _LARGEST_ORDINARY_SPAN)
            values = f"ordinary results spread over {ordinary.max():.3g} times the output's range in {some(channels)}"
            yield say("TG-Q050", values, tensor=product.result)


def _ordinary_spans(product: Product) -> NDArray[np.float64]:
    """Return one standard deviation of the output in units of its range, were input codes independent and uniform.

    A uniform code has standard deviation 74; calibrated activations have about 40, which is taken here.
    """
    assert product.sums is not None
    spread = np.sqrt(product.sums.squares) * _ORDINARY_CODE_DEVIATION
    return np.asarray(spread * product.multipliers / 255, np.float64)


def check_element_reach(view: View) -> Iterator[AuditFinding]:
    """TG-Q035, TG-Q050 for ADD, SUB, MUL and MEAN."""
    for operator in view.graph.operators:
        sources = [t for t in view.inputs(operator)[: 1 if operator.name == "MEAN" else 2] if t is not None]
        result = next(iter(view.outputs(operator)), None)
        if (
            operator.name not in ("ADD", "SUB", "MUL", "MEAN")
            or result is None
            or not all(map(_has_range, (*sources, result)))
        ):
            continue
        ends = [max(abs(end) for end in _range(tensor)) for tensor in sources]
        largest = math.prod(ends) if operator.name == "MUL" else sum(ends)
        low, high = _range(result)
        ratio = largest / max(abs(low), abs(high), SMALLEST_NORMAL)
        code = "TG-Q035" if ratio < _SMALLEST_SPAN else "TG-Q050" if ratio > _LARGEST_ELEMENT_RATIO else ""
        if code:
            values = f"inputs reach {largest:.3g}, the output's range is {low:.3g} to {high:.3g}"
            yield view.finding(code, values, operator=operator, tensor=result, related=tuple(sources))


def _has_range(tensor: Tensor) -> bool:
    return tensor.dtype == "int8" and len(tensor.scales) == len(tensor.zero_points) == 1 and is_usable(tensor.scales[0])


def _range(tensor: Tensor) -> tuple[float, float]:
    return ((-128 - tensor.zero_points[0]) * tensor.scales[0], (127 - tensor.zero_points[0]) * tensor.scales[0])


def _codes(product: Product, bound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the output codes of accumulators, to within rounding."""
    low = -128.0
    if product.result.zero_points and getattr(product.operator.options, "activation", "NONE") in ("RELU", "RELU6"):
        low = min(max(float(product.result.zero_points[0]), -128.0), 127.0)
    scaled = np.nan_to_num(bound * product.multipliers) + float(product.result.zero_points[0])
    return np.clip(np.round(scaled), low, 127.0)
