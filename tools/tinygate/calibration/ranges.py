"""Rules on the ranges that a calibration set gives: do they hold what was not in it, without waste, and stably?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tinygate.audit.finding import Severity
from tinygate.calibration.activations import FloatModel, RangedTensor, ranged_tensors
from tinygate.calibration.composition import SET
from tinygate.calibration.finding import LintFinding, graded
from tinygate.calibration.representative_set import RepresentativeSet, content_keys
from tinygate.compare.layers import logits_of
from tinygate.compare.match import match_layers, real_constant, weights_of
from tinygate.compare.measure import sqnr_db
from tinygate.compare.simulate import Coarse, simulate
from tinygate.data.dataset import Dataset
from tinygate.quant.affine import AffineParameters, per_tensor
from tinygate.tflite import TfliteModel, read_model

MAX_SAMPLES_CLIPPED, MAX_VALUES_CLIPPED = 0.01, 0.001
CLEARLY = 10
"""So many times a gate's value is an error and not a warning."""
NARROW_WARNING, NARROW_ERROR, WIDE_WARNING, WIDE_ERROR = 0.95, 0.8, 3.0, 6.0
SAME_SCALE = 0.01
STABLE_DB = 1.0
_HELD_OUT_BYTES = 256 << 20
_JUDGES = 400


def check_ranges(
    given: RepresentativeSet, dataset: Dataset, bench: FloatModel, content: bytes, name: str
) -> Iterator[LintFinding]:
    """TG-D019 provenance, TG-D002 clipping, TG-D003 coverage of one integer model.

    If the model was calibrated on another set, clipping and coverage are those of the ranges that this set would give
    as well.

    Args:
        given: the calibration set, all finite.
        dataset: its training windows, without those of the set, judge the ranges.
        bench: the float model.
        content, name: the integer model, and what to call it.

    Raises:
        ModelFileError: the models have no layer in common, or a runtime refuses one.
    """
    tensors = ranged_tensors(bench.model, read_model(content))
    if not tensors:
        return
    indices = [tensor.float_index for tensor in tensors]
    predicted = [
        t.from_values(*extremes) for t, extremes in zip(tensors, bench.extremes(given.inputs, indices), strict=True)
    ]
    moved = [(a, b) for a, b in zip(tensors, predicted, strict=True) if abs(a.scale / b.scale - 1) > SAME_SCALE]
    yield _provenance(name, moved, len(tensors))
    held_out = _held_out(given, dataset, bench.model, indices)
    values = bench.values(held_out, indices)
    yield from _clipping_and_coverage(name, tensors, values)
    if moved:
        yield from _clipping_and_coverage(f"{name} if calibrated on this set", predicted, values)


def _provenance(name: str, moved: Sequence[tuple[RangedTensor, RangedTensor]], count: int) -> LintFinding:
    if not moved:
        return LintFinding("TG-D019", None, name, f"all {count} ranges are those that this set gives")
    worst, other = max(moved, key=lambda pair: abs(np.log(pair[0].scale / pair[1].scale)))
    values = (
        f"{len(moved)} of {count} ranges are not those that this set gives; {worst.place} has {_range(worst)}, "
        f"this set gives {_range(other)}"
    )
    return LintFinding("TG-D019", Severity.NOTE, name, values)


def _held_out(
    given: RepresentativeSet, dataset: Dataset, model: TfliteModel, tensors: Sequence[int]
) -> NDArray[np.float32]:
    """Return training windows that are not in the set, evenly spaced, as many as memory allows."""
    used, train = set(content_keys(given.inputs)), dataset.train.inputs
    free = np.array([key not in used for key in content_keys(train)])
    rows = np.flatnonzero(free) if free.any() else np.arange(len(train))
    row_bytes = 4 * sum(model.main.tensors[index].element_count for index in tensors)
    most = max(_JUDGES, _HELD_OUT_BYTES // max(1, row_bytes))
    return train[rows[:: max(1, -(-len(rows) // most))]]


def _clipping_and_coverage(
    name: str, tensors: Sequence[RangedTensor], values: Sequence[NDArray[np.float32]]
) -> Iterator[LintFinding]:
    for tensor, reached in zip(tensors, values, strict=True):
        place = f"{name}: {tensor.place}"
        outside = (reached < tensor.low - tensor.scale / 2) | (reached > tensor.high + tensor.scale / 2)
        samples, elements = float(outside.any(axis=1).mean()), float(outside.mean())
        worst = max(samples / MAX_SAMPLES_CLIPPED, elements / MAX_VALUES_CLIPPED)
        text = f"{samples:.2%} of held-out samples and {elements:.3%} of values lie outside {_range(tensor)}"
        yield graded("TG-D002", place, text, warning=worst > 1, error=worst > CLEARLY)
        usual = _usual_span(reached, symmetric=tensor.is_symmetric)
        ratio = (tensor.high - tensor.low) / usual if usual > 0 else np.inf
        text = f"{_range(tensor)} is {ratio:.2f} times what 99.8 % of training activations span"
        warning, error = not NARROW_WARNING <= ratio <= WIDE_WARNING, not NARROW_ERROR <= ratio <= WIDE_ERROR
        yield graded("TG-D003", place, text, warning=warning, error=error)


def _usual_span(values: NDArray[np.float32], *, symmetric: bool) -> float:
    low, high = np.quantile(values, [0.001, 0.999])
    if symmetric:
        return float(2 * max(abs(low), abs(high)))
    return float(max(high, 0.0) - min(low, 0.0))


def check_stability(
    given: RepresentativeSet, dataset: Dataset, bench: FloatModel, content: bytes, name: str
) -> Iterator[LintFinding]:
    """TG-D004: simulate the model with the ranges of every other sample, and with those of the rest.

    The logits' own range is left out: it cuts off extreme answers only, which changes none. Arguments and errors as for
    `check_ranges`.
    """
    model = read_model(content)
    tensors = ranged_tensors(bench.model, model)
    if not tensors or len(given) < 2:
        return
    held_out = _held_out(given, dataset, bench.model, [tensor.float_index for tensor in tensors])
    judges = held_out[:: max(1, len(held_out) // _JUDGES)]
    logits = logits_of(bench.model).index
    (exact,) = bench.values(judges, [logits])
    inner = [tensor for tensor in tensors if tensor.float_index != logits]
    constants = _coarse_constants(bench.model, model)
    quality = []
    order = np.lexsort((given.starts, given.recordings, given.labels))
    for half in (given.inputs[order[::2]], given.inputs[order[1::2]]):
        extremes = bench.extremes(half, [tensor.float_index for tensor in inner])
        ranges = {t.float_index: _parameters(t.from_values(*found)) for t, found in zip(inner, extremes, strict=True)}
        coarse = FloatModel(simulate(bench.content, Coarse(constants, ranges)))
        (values,) = coarse.values(judges, [logits_of(coarse.model).index])
        quality.append(sqnr_db(float((exact**2).sum()), float(((values - exact) ** 2).sum())))
    gap = abs(quality[0] - quality[1]) if all(map(np.isfinite, quality)) else 0.0
    text = f"{name}: logits keep {quality[0]:.1f} dB with the ranges of one half, {quality[1]:.1f} dB with the other's"
    yield graded("TG-D004", SET, text, warning=gap > STABLE_DB, error=False)


def _coarse_constants(float_model: TfliteModel, model: TfliteModel) -> dict[int, NDArray[np.float64]]:
    """Return the real values of the integer model's weights by index in the float model, where they fit."""
    found = {}
    for ours, theirs in match_layers(float_model, model).pairs:
        mine, its = weights_of(float_model, ours), weights_of(model, theirs)
        if len(mine) == len(its) and not ours.folded:
            found.update({a.index: real_constant(b) for a, b in zip(mine, its, strict=True) if a.shape == b.shape})
    return found


def _parameters(tensor: RangedTensor) -> AffineParameters:
    return per_tensor(tensor.scale, tensor.zero_point, tensor.qmin, tensor.qmax)


def _range(tensor: RangedTensor) -> str:
    return f"[{tensor.low:.4g}, {tensor.high:.4g}]"
