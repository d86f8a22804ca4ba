"""Which layer of one graph is which of the other: by order, kind, shape and, where there are any, by the weights.

Names are not looked at: converters invent and shorten them. An alignment of the two execution orders maximises the
number of pairs of equal kind and shape, and among equals the correlation of weights; layers of parallel branches that
the converter ordered otherwise are then paired by weights alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinygate.compare.layers import Layer, layers_of
from tinygate.errors import ModelFileError
from tinygate.tflite import Tensor, TfliteModel
from tinygate.tflm.operators import WEIGHTED

_SAME_WEIGHTS = 0.9  # correlation; int8 weights correlate with their floats at 0.999, other layers' at about 0


@dataclass(frozen=True)
class Match:
    """The layers of a reference and a candidate graph, paired as far as possible.

    Attributes:
        pairs: layer of the reference and of the candidate, in the candidate's order.
        reference_only, candidate_only: layers without a counterpart.
    """

    pairs: tuple[tuple[Layer, Layer], ...]
    reference_only: tuple[Layer, ...]
    candidate_only: tuple[Layer, ...]


def match_layers(reference: TfliteModel, candidate: TfliteModel) -> Match:
    """Pair the layers of two graphs.

    Raises:
        ModelFileError: not a single layer of one is found in the other.
    """
    ours, theirs = layers_of(reference), layers_of(candidate)
    scores = _scores(reference, ours, candidate, theirs)
    chosen = _align(scores)
    chosen |= _crossing(scores, chosen)
    if not chosen:
        raise ModelFileError(
            f"no layer of the reference ({_kinds(ours)}) is found in the candidate ({_kinds(theirs)}); expected two "
            "conversions of one model: compare files of the same architecture."
        )
    left, right = {i for i, _ in chosen}, {j for _, j in chosen}
    return Match(
        tuple((ours[i], theirs[j]) for i, j in sorted(chosen, key=lambda pair: pair[1])),
        tuple(layer for i, layer in enumerate(ours) if i not in left),
        tuple(layer for j, layer in enumerate(theirs) if j not in right),
    )


def weights_of(model: TfliteModel, layer: Layer) -> tuple[Tensor, ...]:
    """Return the constant weights and bias that a layer's operator multiplies and adds, () if it has none."""
    places = WEIGHTED.get(layer.kind)
    inputs = layer.operator.inputs if places else ()
    indices = [inputs[p] for p in (places.weights, places.bias) if p < len(inputs)] if places else []
    tensors = (model.main.tensors[index] for index in indices if index >= 0)
    return tuple(tensor for tensor in tensors if tensor.is_constant)


def real_constant(tensor: Tensor) -> NDArray[np.float64]:
    """Return a constant's real values, per tensor or per channel, in its shape."""
    values = tensor.array().astype(np.float64)
    if not tensor.scales:
        return values
    channels = [1] * values.ndim
    if len(tensor.scales) > 1:
        channels[tensor.quantized_dimension] = -1
    zero_points = np.array(tensor.zero_points or (0,), np.float64)
    zero_points = np.broadcast_to(zero_points, (len(tensor.scales),))
    with np.errstate(
        invalid="ignore", over="ignore"
    ):  # a damaged scale gives NaN and infinity, as it does in a runtime
        real: NDArray[np.float64] = (values - zero_points.reshape(channels)) * np.array(tensor.scales).reshape(channels)
    return real


def _scores(
    reference: TfliteModel, ours: Sequence[Layer], candidate: TfliteModel, theirs: Sequence[Layer]
) -> NDArray[np.float64]:
    """Return how well each pair of layers fits: 0 not at all, 1 by kind and shape, up to 3 by equal weights too."""
    left, right = [_fingerprint(reference, a) for a in ours], [_fingerprint(candidate, b) for b in theirs]
    scores = np.zeros((len(ours), len(theirs)))
    for i, a in enumerate(ours):
        for j, b in enumerate(theirs):
            if (a.kind, a.shape) == (b.kind, b.shape):
                scores[i, j] = 1 + 2 * _likeness(left[i], right[j])
    return scores


def _fingerprint(model: TfliteModel, layer: Layer) -> NDArray[np.float64] | None:
    weights = weights_of(model, layer)
    if not weights or layer.folded:  # a folded multiplication rescales every channel
        return None
    values = real_constant(weights[0]).reshape(-1)
    norm = float(np.linalg.norm(values))
    return values / norm if norm > 0 and np.isfinite(norm) else None


def _likeness(a: NDArray[np.float64] | None, b: NDArray[np.float64] | None) -> float:
    if a is None or b is None or a.shape != b.shape:
        return 0.0
    return max(0.0, float(a @ b))


def _align(scores: NDArray[np.float64]) -> set[tuple[int, int]]:
    """Return the pairs of the best alignment that keeps both orders."""
    rows, columns = scores.shape
    best = np.zeros((rows + 1, columns + 1))
    for i in range(rows):
        for j in range(columns):
            paired = best[i, j] + scores[i, j] if scores[i, j] else -1.0
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], paired)
    pairs, i, j = set(), rows, columns
    while i and j:
        if scores[i - 1, j - 1] and best[i, j] == best[i - 1, j - 1] + scores[i - 1, j - 1]:
            pairs.add((i - 1, j - 1))
            i, j = i - 1, j - 1
        elif best[i, j] == best[i - 1, j]:
            i -= 1
        else:
            j -= 1
    return pairs


def _crossing(scores: NDArray[np.float64], chosen: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return further pairs, in any order, whose weights are the same."""
    left, right = {i for i, _ in chosen}, {j for _, j in chosen}
    pairs = set()
    for i, j in sorted(
        np.argwhere(scores > 1 + 2 * _SAME_WEIGHTS).tolist(), key=lambda pair: -scores[pair[0], pair[1]]
    ):
        if i not in left and j not in right:
            pairs.add((i, j))
            left.add(i)
            right.add(j)
    return pairs


def _kinds(layers: Sequence[Layer]) -> str:
    names = [layer.kind for layer in layers]
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "") if names else "no layers"
